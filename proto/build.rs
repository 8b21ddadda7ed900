//! Compiles the contract without an installed `protoc`, and keeps its descriptors for reflection and JSON.

use std::path::{Path, PathBuf};

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for folder in ["proto", "third_party", "data"] {
        println!("cargo:rerun-if-changed={folder}");
    }

    let mut files = Vec::new();
    collect(Path::new("proto"), &mut files)?;
    files.sort();
    let descriptors = protox::Compiler::new(["proto", "third_party"])?
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?
        .encode_file_descriptor_set();
    std::fs::write(out.join("descriptors.bin"), &descriptors)?;

    tonic_prost_build::configure()
        .bytes(".duikou.v1.Signed.payload")
        .bytes(".duikou.v1.Record.body")
        .bytes(".duikou.federation.v1.Batch.parts")
        .bytes(".duikou.federation.v1.Parts.parts")
        .compile_well_known_types(false)
        .compile_fds(prost_types(&descriptors)?)?;
    Ok(())
}

fn prost_types(descriptors: &[u8]) -> Result<tonic_prost_build::FileDescriptorSet, prost::DecodeError> {
    tonic_prost_build::FileDescriptorSet::decode(descriptors)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path.strip_prefix("proto").expect("collected below it").to_owned());
        }
    }
    Ok(())
}
