//! How long a long audit log takes to verify: in the database, and exported.

use std::io::{BufReader, BufWriter, Write as _};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use super::super::{open, progress::Progress};
use super::figures::line;
use crate::audit::{Entry, file, write};
use crate::services::Services;

/// How long a verification may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Entries that are written in one transaction.
const BATCH: u64 = 1_000;

/// Fills a tenant's log and verifies it.
pub(super) async fn of_the_log(services: &Services, entries: u64, progress: Progress) -> anyhow::Result<Vec<String>> {
    let tenant = open::tenant(services, "alpine").await?;
    let caller = services.system(tenant, "bench");
    let actor = services.environment.ids.next();
    let begun = Instant::now();
    let mut written = 0;
    while written < entries {
        let session = services.write(&caller).await?;
        for number in written..entries.min(written + BATCH) {
            let id = services.environment.ids.next();
            let entry = Entry {
                id,
                at: services.environment.clock.now(),
                actor_id: Some(actor),
                actor_name: format!("person{}@alpine.example", number % 100),
                action: "transactionRecord".to_owned(),
                entity_type: "Transaction".to_owned(),
                entity_id: Some(id.to_string()),
                before: None,
                after: Some(
                    json!({ "type": "BUY", "quantity": "10", "price": "123.45", "currency": "USD", "number": number }),
                ),
                request_id: Some(id.to_string()),
                address: Some("192.0.2.1".to_owned()),
            };
            write(&session, entry).await?;
        }
        session.commit().await?;
        written += BATCH.min(entries - written);
        if written.is_multiple_of(100 * BATCH) {
            progress.say(format_args!("{written} entries of the audit log"));
        }
    }
    let filled = begun.elapsed();
    let begun = Instant::now();
    let (_, report) = services.audit_verify(&caller, &[], None).await?;
    let verified = begun.elapsed();
    ensure!(report.is_whole() && report.entries >= entries, "the log is not whole: {:?}", report.findings);
    let mut exported = tempfile::tempfile()?;
    let begun = Instant::now();
    let mut export = services.audit_export(&caller, None, None).await?;
    let mut out = BufWriter::new(&mut exported);
    out.write_all(export.opening.as_bytes())?;
    while let Some(text) = services.audit_export_next(&caller, &mut export).await? {
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    drop(out);
    let given = begun.elapsed();
    std::io::Seek::rewind(&mut exported)?;
    let begun = Instant::now();
    let (_, report) =
        file::verify(BufReader::with_capacity(1 << 20, exported), &[], Some(&services.audit_keys().await))?;
    let offline = begun.elapsed();
    ensure!(report.is_whole() && report.entries >= entries, "the file is not whole: {:?}", report.findings);
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let held = |time: Duration| Some((time <= LIMIT, "30 s for 1,000,000"));
    Ok(vec![
        line(&format!("{entries} audit entries, sealed {BATCH} a transaction"), &seconds(filled), None),
        line("verified in the database", &seconds(verified), held(verified)),
        line("exported as JSON lines", &seconds(given), None),
        line("the file verified", &seconds(offline), held(offline)),
    ])
}
