//! `duikou-node`

fn main() -> std::process::ExitCode {
    duikou_node::trust::provider::install_default();
    duikou_node::cli::main(std::env::args_os(), &duikou_node::at_rest::AtRest)
}
