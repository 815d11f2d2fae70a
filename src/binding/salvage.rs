//! Salvage, for JavaScript.

use std::path::{Path, PathBuf};

use napi::sys;

use super::background;
use super::call::{Call, enter};
use super::js::{Answer, Env, Value};
use crate::{Control, SalvageReport, SalvagedRun, salvage_with};

/// `salvage(path, to, tell)`: see [`background::spawn`]
pub(super) extern "C" fn salvage_log(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<3>| {
        let [path, to, tell] = call.args;
        let path = PathBuf::from(call.env.text(path)?);
        let to = PathBuf::from(call.env.text(to)?);
        let run = move |control: &Control| salvage_with(path, to, control);
        background::spawn(call.env, tell, run, report_value)
    })
}

fn path_value(env: Env, path: &Path) -> Answer<Value> {
    env.string(path.to_string_lossy().as_bytes())
}

#[allow(clippy::needless_pass_by_value, reason = "as `background::spawn` wants it")]
fn report_value(env: Env, report: SalvageReport) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "log\0", path_value(env, &report.log)?)?;
    env.set(object, "copy\0", path_value(env, &report.copy)?)?;
    env.set(object, "entries\0", env.count(report.entries)?)?;
    env.set(object, "records\0", env.count(report.records)?)?;
    env.set(object, "lastSequence\0", env.count(report.last_sequence)?)?;
    env.set(object, "bytesKept\0", env.count(report.bytes_kept)?)?;
    if let Some(problem) = &report.problem {
        env.set(object, "problem\0", env.string(problem.as_bytes())?)?;
    }
    let later = report.later.iter().map(|run| run_value(env, run));
    env.set(object, "later\0", env.array(&later.collect::<Answer<Vec<_>>>()?)?)?;
    env.set(object, "bytesLost\0", env.count(report.bytes_lost)?)?;
    env.set(object, "bytesUnreadable\0", env.count(report.bytes_unreadable)?)?;
    Ok(object)
}

fn run_value(env: Env, run: &SalvagedRun) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "log\0", path_value(env, &run.log)?)?;
    env.set(object, "offset\0", env.count(run.offset)?)?;
    env.set(object, "end\0", env.count(run.end)?)?;
    env.set(object, "firstSequence\0", env.count(run.first_sequence)?)?;
    env.set(object, "lastSequence\0", env.count(run.last_sequence)?)?;
    env.set(object, "records\0", env.count(run.records)?)?;
    Ok(object)
}
