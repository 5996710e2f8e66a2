//! `#[derive(Tree)]`: structs and enums whose fields are trees become trees.
//!
//! ```
//! extern crate tensor as mathesis; // users of the facade need no such line
//! use derive::Tree;
//! use tensor::{Tensor, Tree};
//!
//! #[derive(Clone, Tree)]
//! struct Linear {
//!     weight: Tensor,
//!     bias: Option<Tensor>,
//! }
//! let model = Linear { weight: Tensor::from([1.0, 2.0]), bias: Some(Tensor::from(0.5)) };
//! let names: Vec<String> =
//!     model.leaves_with_paths().iter().map(|(path, _)| path.to_string()).collect();
//! assert_eq!(names, ["weight", "bias"]);
//! ```
//!
//! Every field must be a tree. Fields without leaves (numbers, flags, strings, enums of unit
//! variants that derive `Tree` too) are static: they are part of what a compiled program is
//! compiled for.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, parse_macro_input, parse_quote};

/// See the crate's documentation.
#[proc_macro_derive(Tree)]
pub fn derive_tree(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|e| e.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<Tokens> {
    let name = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in input.generics.type_params() {
        let ident = &parameter.ident;
        generics.make_where_clause().predicates.push(parse_quote!(#ident: ::mathesis::Tree));
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let (map, describe, each) = match &input.data {
        Data::Struct(data) => {
            let Variant { pattern, map, describe, each } = variant(quote!(#name), &data.fields);
            let with_fields = |body: Tokens| quote!({ let #pattern = self; #body });
            (with_fields(map), with_fields(describe), with_fields(each))
        }
        Data::Enum(data) => {
            let (mut maps, mut describes, mut eaches) = (vec![], vec![], vec![]);
            for v in &data.variants {
                let (ident, text) = (&v.ident, v.ident.to_string());
                let Variant { pattern, map, describe, each } =
                    variant(quote!(#name::#ident), &v.fields);
                maps.push(quote!(#pattern => #map,));
                describes
                    .push(quote!(#pattern => { description.put(#text.as_bytes()); #describe }));
                eaches.push(quote!(#pattern => { #each }));
            }
            (
                quote!(match self { #(#maps)* }),
                quote!(match self { #(#describes)* }),
                quote!(match self { #(#eaches)* }),
            )
        }
        Data::Union(_) => {
            return Err(syn::Error::new_spanned(name, "a union cannot be a tree"));
        }
    };
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::mathesis::Tree for #name #type_generics #where_clause {
            type Nested<Branch: ::mathesis::Tree> = ::mathesis::tree::Branches<Branch>;
            fn nest<Branch: ::mathesis::Tree>(
                &self,
                f: &mut dyn FnMut(&::mathesis::Tensor) -> Branch,
            ) -> ::mathesis::tree::Branches<Branch> {
                ::mathesis::tree::Branches::new(self, f)
            }
            #[allow(unused_variables)]
            fn map_with_path(
                &self,
                path: &mut ::mathesis::tree::Path,
                f: &mut dyn FnMut(&::mathesis::tree::Path, &::mathesis::Tensor) -> ::mathesis::Tensor,
            ) -> Self {
                #map
            }
            #[allow(unused_variables)]
            fn describe(&self, description: &mut ::mathesis::tree::Description) {
                #describe
            }
            #[allow(unused_variables)]
            fn for_each_leaf(&self, f: &mut dyn FnMut(&::mathesis::Tensor)) {
                #each
            }
        }
    })
}

/// What is done with the fields of a struct or of a variant.
struct Variant {
    /// The pattern that binds them.
    pattern: Tokens,
    /// The variant rebuilt from mapped fields.
    map: Tokens,
    /// Their descriptions.
    describe: Tokens,
    /// Their leaves.
    each: Tokens,
}

fn variant(path: Tokens, fields: &Fields) -> Variant {
    let bindings: Vec<_> = (0..fields.len()).map(|i| format_ident!("field_{i}")).collect();
    let names: Vec<String> = fields
        .iter()
        .enumerate()
        .map(|(i, f)| f.ident.as_ref().map_or_else(|| i.to_string(), |n| n.to_string()))
        .collect();
    let mapped: Vec<Tokens> = bindings
        .iter()
        .zip(&names)
        .map(|(b, n)| quote!(path.enter(#n, |path| ::mathesis::Tree::map_with_path(#b, path, f))))
        .collect();
    let describe = quote!(#(::mathesis::Tree::describe(#bindings, description);)*);
    let each = quote!(#(::mathesis::Tree::for_each_leaf(#bindings, f);)*);
    let (pattern, map) = match fields {
        Fields::Named(named) => {
            let idents: Vec<_> = named.named.iter().map(|f| &f.ident).collect();
            (quote!(#path { #(#idents: #bindings),* }), quote!(#path { #(#idents: #mapped),* }))
        }
        Fields::Unnamed(_) => (quote!(#path(#(#bindings),*)), quote!(#path(#(#mapped),*))),
        Fields::Unit => (quote!(#path), quote!(#path)),
    };
    Variant { pattern, map, describe, each }
}
