//! Pictures as PNG, drawn by `resvg`.

use crate::Error;
use resvg::{tiny_skia, usvg};
use std::sync::{Arc, OnceLock};

const LARGEST: f64 = 16_000.0;

pub(crate) fn png(svg: &str, scale: f64) -> Result<Vec<u8>, Error> {
    let fail = |reason: String| Error::Raster { reason };
    let options = usvg::Options { fontdb: fonts(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| fail(e.to_string()))?;
    let size = tree.size();
    let pixels = |length: f32| (f64::from(length) * scale).ceil();
    let (width, height) = (pixels(size.width()), pixels(size.height()));
    if !(1.0..=LARGEST).contains(&width) || !(1.0..=LARGEST).contains(&height) {
        return Err(fail(format!(
            "expected 1 to {LARGEST} pixels on a side, got {width} × {height}"
        )));
    }
    let mut canvas = tiny_skia::Pixmap::new(width as u32, height as u32)
        .ok_or_else(|| fail(format!("no memory for {width} × {height} pixels")))?;
    let enlarge = tiny_skia::Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&tree, enlarge, &mut canvas.as_mut());
    canvas.encode_png().map_err(|e| fail(e.to_string()))
}

/// The fonts of this machine, read once.
fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_system_fonts();
            // "sans-serif" must mean a font that is there, or no text would be drawn.
            let families = ["Arial", "Liberation Sans", "Noto Sans", "DejaVu Sans"];
            let present = |family: &str| {
                fonts.faces().any(|face| face.families.iter().any(|(name, _)| name == family))
            };
            let found = families.into_iter().find(|family| present(family)).map(str::to_string);
            let any =
                || fonts.faces().next().and_then(|face| Some(face.families.first()?.0.clone()));
            if let Some(family) = found.or_else(any) {
                fonts.set_sans_serif_family(family);
            }
            Arc::new(fonts)
        })
        .clone()
}
