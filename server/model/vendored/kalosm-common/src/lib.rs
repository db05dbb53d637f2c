//! `kalosm-common` 0.4.0 (MIT OR Apache-2.0, Evan Almloff) for one purpose: running a model from a local file on the CPU. Left out are downloads,
//! accelerators and the line that it prints; masks are not kept.

use candle_core::{backend::BackendStorage, Device, Storage, Tensor, WithDType};

mod cache;
pub use cache::*;
mod kv_cache;
pub use kv_cache::*;
mod mask;
pub use mask::*;

/// The CPU.
pub fn accelerated_device_if_available() -> candle_core::Result<Device> {
    Ok(Device::Cpu)
}

/// Runs `f`.
pub fn maybe_autoreleasepool<T>(f: impl FnOnce() -> T) -> T {
    f()
}

/// Clear a `Vec<T>` and copy the contents of a tensor into it.
pub fn copy_tensor_into_vec<T: WithDType>(tensor: &Tensor, into: &mut Vec<T>) -> candle_core::Result<()> {
    into.clear();
    if tensor.rank() != 1 {
        candle_core::bail!("a vector was expected, not a tensor of rank {}", tensor.rank());
    }
    let mut from_cpu_storage = |cpu_storage: &candle_core::CpuStorage, layout: &candle_core::Layout| {
        let data = cpu_storage.as_slice()?;
        match layout.contiguous_offsets() {
            Some((o1, o2)) => into.extend_from_slice(&data[o1..o2]),
            None => into.extend(tensor.strided_index().map(|i| data[i])),
        }
        candle_core::Result::Ok(())
    };
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => from_cpu_storage(storage, layout),
        Storage::Cuda(storage) => from_cpu_storage(&storage.to_cpu_storage()?, layout),
        Storage::Metal(storage) => from_cpu_storage(&storage.to_cpu_storage()?, layout),
    }
}
