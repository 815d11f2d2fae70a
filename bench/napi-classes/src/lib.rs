//! The engine of the store in classes of napi-rs, written as its documentation shows: methods whose arguments and
//! results the macros convert. The benchmark compares it with the package's own addon, which runs the same engine.

use std::rc::Rc;

use napi::JsString;
use napi::bindgen_prelude::{Env, Float64Array, Int32Array, JsObjectValue, Object, Result};
use napi_derive::napi;
use softadastra_store::engine::{Admission, Staging};
use softadastra_store::index::Range;
use softadastra_store::{Snapshot, StoreConfig, StoreEngine};

/// As in the package's own addon.
const STAGED_LIMIT: usize = 16 << 20;

fn failed(error: impl std::fmt::Display) -> napi::Error {
    napi::Error::from_reason(error.to_string())
}

/// A store in memory.
#[napi]
pub struct ClassStore {
    engine: StoreEngine,
    staging: Staging,
}

#[napi]
impl ClassStore {
    #[napi(constructor)]
    #[allow(clippy::new_without_default, reason = "JavaScript calls it")]
    pub fn new() -> Self {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        Self { engine, staging: Staging::new(STAGED_LIMIT) }
    }

    /// A call that does next to nothing.
    #[napi]
    #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
    pub fn size(&self) -> f64 {
        self.engine.size() as f64
    }

    /// The value is copied once, into the string.
    #[napi]
    pub fn get_string<'env>(&self, env: &'env Env, key: String) -> Result<Option<JsString<'env>>> {
        let read = |index: &softadastra_store::index::Index| {
            let Some(record) = index.get(key.as_bytes()) else { return Ok(None) };
            let text = std::str::from_utf8(record.value()).map_err(failed)?;
            env.create_string(text).map(Some)
        };
        self.engine.view(read).map_err(failed)?
    }

    #[napi]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a version")]
    pub fn stage_put(&mut self, key: String, value: String, if_version: f64) -> Result<u32> {
        let if_version = (if_version >= 0.0).then_some(if_version as u64);
        let staged = self.staging.stage(|group| group.put(&key, value.as_bytes(), if_version));
        staged.map_err(failed).map(|admission| match admission {
            Admission::Staged => 0,
            Admission::NoRoom => 1,
            Admission::GroupCut => 2,
        })
    }

    #[napi]
    pub fn commit_now(&mut self) -> Result<()> {
        let mut group = self.staging.take();
        let committed = self.engine.commit(&mut group);
        self.staging.give_back(group);
        committed.map(drop).map_err(failed)
    }

    /// The first entries, as objects.
    #[napi]
    #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
    pub fn scan(&self, count: u32) -> Result<Vec<Item>> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let read = |index: &softadastra_store::index::Index| {
            let records = index.scan(&Range::all()).take(count as usize);
            let items = records.map(|record| Item {
                key: text(record.key()),
                value: text(record.value()),
                version: record.version() as f64,
                timestamp: record.timestamp() as f64,
            });
            items.collect()
        };
        self.engine.view(read).map_err(failed)
    }

    /// The same entries as one string, with the numbers in typed arrays: laid out as the package's own addon does.
    #[napi]
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "short texts, and JavaScript has no wider number"
    )]
    pub fn scan_packed<'env>(
        &self,
        env: &'env Env,
        count: u32,
        mut lens: Int32Array,
        mut numbers: Float64Array,
    ) -> Result<JsString<'env>> {
        // SAFETY: both arrays are the caller's, who reads them after the call.
        let (lens, numbers) = unsafe { (lens.as_mut(), numbers.as_mut()) };
        let mut text = String::new();
        let read = |index: &softadastra_store::index::Index| {
            let records = index.scan(&Range::all()).take(count as usize);
            let places = lens[2..].chunks_exact_mut(2).zip(numbers.chunks_exact_mut(2));
            let mut found = 0;
            for (record, (lens, numbers)) in records.zip(places) {
                text.push_str(&String::from_utf8_lossy(record.key()));
                text.push_str(&String::from_utf8_lossy(record.value()));
                lens.copy_from_slice(&[record.key().len() as i32, record.value().len() as i32]);
                numbers.copy_from_slice(&[record.version() as f64, record.timestamp() as f64]);
                found += 1;
            }
            lens[0] = found;
        };
        self.engine.view(read).map_err(failed)?;
        env.create_string(&text)
    }

    /// A snapshot as an instance of a class.
    #[napi]
    pub fn snapshot(&self) -> Result<ClassSnapshot> {
        self.engine.snapshot().map(|snapshot| ClassSnapshot { snapshot }).map_err(failed)
    }

    /// A snapshot as an object of four functions, each with a finalizer.
    #[napi]
    #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
    pub fn snapshot_of_functions<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let snapshot = Rc::new(self.engine.snapshot().map_err(failed)?);
        let mut object = Object::new(env)?;
        for name in ["size", "lastSequence", "get", "scan"] {
            let held = Rc::clone(&snapshot);
            let function = env.create_function_from_closure::<(), f64, _>(name, move |_| {
                Ok(held.size() as f64)
            })?;
            object.set_named_property(name, function)?;
        }
        Ok(object)
    }
}

#[napi(object)]
pub struct Item {
    pub key: String,
    pub value: String,
    pub version: f64,
    pub timestamp: f64,
}

#[napi]
pub struct ClassSnapshot {
    snapshot: Snapshot,
}

#[napi]
impl ClassSnapshot {
    #[napi]
    #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
    pub fn size(&self) -> f64 {
        self.snapshot.size() as f64
    }
}
