//! `scoregate run`.

/// Runs the gateway
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scoregate run --config /etc/scoregate/scoregate.toml\n  scoregate run --host \
                  portal.example.org --upstream http://127.0.0.1:3000"
)]
pub struct RunArgs {
    /// Instead of a file, for a first try: the host of the portal
    #[arg(long, value_name = "NAME", requires = "upstream", conflicts_with = "file")]
    pub host: Option<String>,
    /// Instead of a file, for a first try: where the portal is
    #[arg(long, value_name = "URL", requires = "host")]
    pub upstream: Option<String>,
}
