//! Link arguments of the addon.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");

    #[cfg(feature = "node")]
    {
        napi_build::setup();

        // Node unloads an addon when the last environment that loaded it ends, which is soon for one that only workers
        // loaded, and every static (the registry of named caches among them) would start afresh with the next worker.
        // This flag pins the image for the life of the process; elsewhere that is done at run
        // time, when the addon is loaded.
        if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
