//! The program `fleet`: the marketplace as a fleet on this machine, without containers, for trying
//! it out and for tests. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`cli`] | what it is told |
//! | [`leash`] | ends everything that it has started when it ends, however that happens |
//! | [`process`] | a program that is started, watched, and started again when it ends |
//! | [`places`] | where processes are: together on loopback, or each in a namespace |
//! | [`mongodb`] | the members of a replica set |
//! | [`upstreams`] | which replicas of a service can be asked |
//! | [`pool`] | connections to one of them |
//! | [`proxy`] | the one address in front of all |
//! | [`launch`] | the whole of it, up and down |

mod cli;
mod launch;
mod leash;
mod mongodb;
mod places;
mod pool;
mod process;
mod proxy;
mod secrets;
mod upstreams;

use std::process::ExitCode;

use clap::Parser as _;
use common::run;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if cli.leash {
        leash::hold();
        return ExitCode::SUCCESS;
    }
    let outcome = cli.logs.init().and_then(|()| run::block_on(launch::run(cli)));
    run::exit("fleet", outcome)
}
