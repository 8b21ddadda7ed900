//! `duikou-gateway`

fn main() -> std::process::ExitCode {
    duikou_node::trust::provider::install_default();
    let (gateway, node) = (duikou_gateway::at_rest::AtRest, duikou_node::at_rest::AtRest);
    duikou_gateway::cli::main(std::env::args_os(), &gateway, &node)
}
