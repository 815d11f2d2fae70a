//! Link settings of the Node.js addon. Does nothing for the engine alone.

fn main() {
    if std::env::var_os("CARGO_FEATURE_NAPI").is_some() {
        napi_build::setup();
    }
}
