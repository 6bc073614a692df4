//! The table engine: dynoxide, in this process and on a port.

use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use leadline::{BoxError, Store, aws};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::dev_json::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, TABLE};
use super::running::{Running, stopped};
use crate::template::Template;

/// How often expired items are taken out.
const SWEEP: Duration = Duration::from_secs(60);

/// Opens the table in a file, or in memory; makes it if it is not there.
pub(super) fn open(file: Option<&Path>, template: &Template) -> Result<Database, BoxError> {
    let database = match file {
        Some(file) => Database::new(file.to_str().ok_or("the data folder's name is not UTF-8")?),
        None => Database::memory(),
    };
    let database = database.map_err(|error| format!("the table cannot be opened: {error}"))?;
    make_table(&database, template).map_err(|error| format!("the table cannot be made: {error}"))?;
    Ok(database)
}

fn make_table(database: &Database, template: &Template) -> Result<(), BoxError> {
    if database.get_table_metadata(TABLE)?.is_none() {
        let request = serde_json::from_value(template.create_table(TABLE))?;
        database.create_table(request)?;
    }
    let expires = database.get_table_metadata(TABLE)?.is_some_and(|table| table.ttl_enabled);
    if let Some(specification) = template.time_to_live.as_ref().filter(|_| !expires) {
        let request = json!({"TableName": TABLE, "TimeToLiveSpecification": specification});
        database.update_time_to_live(serde_json::from_value(request)?)?;
    }
    Ok(())
}

/// Serves the engine on a port.
pub(super) fn serve(listener: TcpListener, database: Database) -> Running {
    Running::start(|stop| run(listener, database, stop))
}

async fn run(listener: TcpListener, database: Database, stop: oneshot::Receiver<()>) -> Result<(), BoxError> {
    let sweeper = tokio::spawn(sweep(database.clone()));
    let served = dynoxide::server::serve_with_shutdown(listener, database, stopped(stop)).await;
    sweeper.abort();
    Ok(served?)
}

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let database = database.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            tracing::warn!(%error, "expired items stay for now");
        }
    }
}

/// The store on an engine at this address.
pub(super) fn store(address: &str) -> Store {
    let config = aws::local_config(address, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    Store::new(aws::client(&config), TABLE)
}
