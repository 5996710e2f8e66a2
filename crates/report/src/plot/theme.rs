//! Colours by role, in a light and a dark theme, and the one style sheet of all plots.
//!
//! Series colours are the colour-blind-safe palette of Okabe and Ito (*Color universal design*,
//! 2008), blue first. The dark theme lightens each colour and keeps its hue, so that a series has
//! the same name in both ("the blue one").

/// The colours of a picture that stands alone.
///
/// Inside a [`Page`](crate::Page) a picture follows the reader's preference instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark marks on white.
    #[default]
    Light,
    /// Light marks on near-black.
    Dark,
}

/// How many series have a colour of their own.
pub(crate) const SERIES: usize = 8;

/// Role, value in the light theme, value in the dark theme.
const ROLES: [(&str, &str, &str); 22] = [
    ("surface", "#ffffff", "#16191e"),
    ("raised", "#f6f7f9", "#1e2229"),
    ("text", "#1c2128", "#e4e7eb"),
    ("muted", "#5b6470", "#a0a8b3"),
    ("grid", "#e7eaee", "#2a2f37"),
    ("rule", "#c9ced6", "#434a55"),
    ("accent", "#0067a6", "#6bb8ee"),
    ("good", "#007a57", "#3fc79a"),
    ("bad", "#b84a00", "#f58a4b"),
    ("warn", "#8a6100", "#e8b33a"),
    ("heat", "#004a80", "#5aaae0"),
    ("heat-negative", "#8f3a00", "#e8833f"),
    ("on-heat", "#ffffff", "#0d1015"),
    ("missing", "#d9a6c0", "#7d5169"),
    ("s0", "#0072b2", "#4aa5e0"),
    ("s1", "#d55e00", "#f07f3c"),
    ("s2", "#009e73", "#2fc096"),
    ("s3", "#cc79a7", "#e39cc4"),
    ("s4", "#e69f00", "#f2b93b"),
    ("s5", "#56b4e9", "#a3daff"),
    ("s6", "#5f6670", "#c3c8cf"),
    ("s7", "#b3a400", "#f0e442"),
];

/// What every plot looks like, in terms of roles: `var(--plot-text)` and so on.
const STYLE: &str = include_str!("plot.css");

impl Theme {
    /// The value of every role, as declarations of custom properties.
    pub(crate) fn custom_properties(self) -> String {
        ROLES
            .iter()
            .map(|(role, light, dark)| {
                let value = if self == Theme::Dark { dark } else { light };
                format!("--plot-{role}:{value};")
            })
            .collect()
    }

    /// The style sheet with every role replaced by its value: what a picture carries when it
    /// stands alone, readable by programs that know classes but not custom properties.
    pub(crate) fn fixed_style(self) -> String {
        let mut style = themed_style();
        for (role, light, dark) in ROLES {
            let value = if self == Theme::Dark { dark } else { light };
            style = style.replace(&format!("var(--plot-{role})"), value);
        }
        style
    }
}

/// The style sheet in terms of custom properties: what a page carries once for all its pictures.
pub(crate) fn themed_style() -> String {
    let mut style = STYLE.replace('\n', "");
    for series in 0..SERIES {
        style.push_str(&format!(".plot .s{series}{{color:var(--plot-s{series})}}"));
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_used_is_defined() {
        for theme in [Theme::Light, Theme::Dark] {
            assert!(!theme.fixed_style().contains("var("), "{}", theme.fixed_style());
        }
    }

    /// WCAG relative luminance.
    fn luminance(colour: &str) -> f64 {
        let channel = |i: usize| {
            let c = f64::from(u8::from_str_radix(&colour[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_and_series_are_visible() {
        let (_, light, dark) = ROLES[0];
        for (role, on_light, on_dark) in ROLES {
            let least = match role {
                "text" => 12.0,
                "muted" | "accent" | "good" | "bad" | "warn" => 4.5,
                "s0" | "s1" | "s2" | "s6" => 3.0,
                _ if role.starts_with('s') && role.len() == 2 => 1.9,
                _ => continue,
            };
            for (colour, surface) in [(on_light, light), (on_dark, dark)] {
                let found = contrast(colour, surface);
                assert!(found >= least, "{role} {colour} on {surface}: {found:.2}");
            }
        }
    }
}
