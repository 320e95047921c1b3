//! The algorithm that Nub.Memory was made to beat, written anew to be measured beside it: memory that is shared with a guest
//! in Rust, as hyperlight does it. Each access takes a read lock without waiting, copies single volatile bytes up to a
//! 16-byte boundary, volatile 16-byte pieces from there, and single bytes at the end.
//!
//! Every exported function repeats its operation `times` times, so that a call from another language is not what is measured.

use std::alloc::{alloc_zeroed, Layout};
use std::hint::black_box;
use std::sync::{Arc, RwLock};

const WIDE: usize = 16;
const PAGE: usize = 4096;

pub struct SharedMemory {
    base: *mut u8,
    size: usize,
    lock: Arc<RwLock<()>>,
}

impl SharedMemory {
    fn check(&self, offset: usize, length: usize) -> Result<(), String> {
        match offset.checked_add(length) {
            Some(end) if end <= self.size => Ok(()),
            _ => Err(format!("{length} bytes at {offset} leave {} bytes", self.size)),
        }
    }

    fn copy_out(&self, offset: usize, to: &mut [u8]) -> Result<(), String> {
        self.check(offset, to.len())?;
        let from = self.base.wrapping_add(offset);
        let _held = self.lock.try_read().map_err(|e| e.to_string())?;
        let head = from.align_offset(WIDE).min(to.len());
        let mut at = 0;
        unsafe {
            while at < head {
                to[at] = from.add(at).read_volatile();
                at += 1;
            }
            let target = to.as_mut_ptr();
            while at + WIDE <= to.len() {
                let piece = (from.add(at) as *const u128).read_volatile();
                (target.add(at) as *mut u128).write_unaligned(piece);
                at += WIDE;
            }
            while at < to.len() {
                to[at] = from.add(at).read_volatile();
                at += 1;
            }
        }
        Ok(())
    }

    fn copy_in(&self, offset: usize, from: &[u8]) -> Result<(), String> {
        self.check(offset, from.len())?;
        let to = self.base.wrapping_add(offset);
        let _held = self.lock.try_read().map_err(|e| e.to_string())?;
        let head = to.align_offset(WIDE).min(from.len());
        let mut at = 0;
        unsafe {
            while at < head {
                to.add(at).write_volatile(from[at]);
                at += 1;
            }
            let source = from.as_ptr();
            while at + WIDE <= from.len() {
                let piece = (source.add(at) as *const u128).read_unaligned();
                (to.add(at) as *mut u128).write_volatile(piece);
                at += WIDE;
            }
            while at < from.len() {
                to.add(at).write_volatile(from[at]);
                at += 1;
            }
        }
        Ok(())
    }

    fn fill(&self, offset: usize, length: usize, value: u8) -> Result<(), String> {
        self.check(offset, length)?;
        let to = self.base.wrapping_add(offset);
        let _held = self.lock.try_read().map_err(|e| e.to_string())?;
        let wide = u128::from_ne_bytes([value; WIDE]);
        let head = to.align_offset(WIDE).min(length);
        let mut at = 0;
        unsafe {
            while at < head {
                to.add(at).write_volatile(value);
                at += 1;
            }
            while at + WIDE <= length {
                (to.add(at) as *mut u128).write_volatile(wide);
                at += WIDE;
            }
            while at < length {
                to.add(at).write_volatile(value);
                at += 1;
            }
        }
        Ok(())
    }

    fn read<T: Copy + Default>(&self, offset: usize) -> Result<T, String> {
        self.check(offset, size_of::<T>())?;
        let mut value = T::default();
        let bytes = unsafe { std::slice::from_raw_parts_mut(&mut value as *mut T as *mut u8, size_of::<T>()) };
        self.copy_out(offset, bytes)?;
        Ok(value)
    }

    fn write<T: Copy>(&self, offset: usize, value: T) -> Result<(), String> {
        self.check(offset, size_of::<T>())?;
        let bytes = unsafe { std::slice::from_raw_parts(&value as *const T as *const u8, size_of::<T>()) };
        self.copy_in(offset, bytes)
    }

    fn push(&self, start: usize, size: usize, data: &[u8]) -> Result<(), String> {
        let pointer = self.read::<u64>(start)? as usize;
        if pointer > size || pointer < 8 {
            return Err(format!("stack pointer {pointer}"));
        }
        if data.len() + 8 > size - pointer {
            return Err(format!("{} bytes free", size - pointer));
        }
        self.copy_in(pointer + start, data)?;
        self.write::<u64>(pointer + start + data.len(), pointer as u64)?;
        self.write::<u64>(start, (pointer + data.len() + 8) as u64)
    }

    fn pop(&self, start: usize, size: usize) -> Result<Vec<u8>, String> {
        let pointer = self.read::<u64>(start)? as usize;
        if pointer > size || pointer < 16 {
            return Err(format!("stack pointer {pointer}"));
        }
        let back = self.read::<u64>(pointer + start - 8)? as usize;
        if back < 8 || back > pointer - 8 {
            return Err(format!("back-pointer {back}"));
        }
        let mut element = vec![0u8; pointer - back - 8];
        self.copy_out(back + start, &mut element)?;
        self.write::<u64>(start, back as u64)?;
        self.fill(back + start, pointer - back, 0)?;
        Ok(element)
    }
}

#[no_mangle]
pub extern "C" fn seed_create(size: usize) -> *mut SharedMemory {
    let base = unsafe { alloc_zeroed(Layout::from_size_align(size, PAGE).unwrap()) };
    Box::into_raw(Box::new(SharedMemory { base, size, lock: Arc::new(RwLock::new(())) }))
}

#[no_mangle]
pub unsafe extern "C" fn seed_read_u64(memory: &SharedMemory, offset: usize, times: usize) -> u64 {
    (0..times).fold(0, |sum: u64, _| sum.wrapping_add(black_box(memory).read::<u64>(black_box(offset)).unwrap()))
}

#[no_mangle]
pub unsafe extern "C" fn seed_read_u32(memory: &SharedMemory, offset: usize, times: usize) -> u64 {
    (0..times).fold(0, |sum: u64, _| sum.wrapping_add(black_box(memory).read::<u32>(black_box(offset)).unwrap() as u64))
}

#[no_mangle]
pub unsafe extern "C" fn seed_read_16(memory: &SharedMemory, offset: usize, times: usize) -> u64 {
    (0..times).fold(0, |sum: u64, _| sum.wrapping_add(black_box(memory).read::<[u8; 16]>(black_box(offset)).unwrap()[3] as u64))
}

#[no_mangle]
pub unsafe extern "C" fn seed_write_u64(memory: &SharedMemory, offset: usize, times: usize) {
    for value in 0..times {
        black_box(memory).write::<u64>(black_box(offset), value as u64).unwrap();
    }
}

#[no_mangle]
pub unsafe extern "C" fn seed_write_u32(memory: &SharedMemory, offset: usize, times: usize) {
    for value in 0..times {
        black_box(memory).write::<u32>(black_box(offset), value as u32).unwrap();
    }
}

#[no_mangle]
pub unsafe extern "C" fn seed_copy_to(memory: &SharedMemory, offset: usize, to: *mut u8, length: usize, times: usize) {
    for _ in 0..times {
        black_box(memory).copy_out(black_box(offset), std::slice::from_raw_parts_mut(to, length)).unwrap();
    }
}

#[no_mangle]
pub unsafe extern "C" fn seed_copy_from(memory: &SharedMemory, offset: usize, from: *const u8, length: usize, times: usize) {
    for _ in 0..times {
        black_box(memory).copy_in(black_box(offset), std::slice::from_raw_parts(from, length)).unwrap();
    }
}

#[no_mangle]
pub unsafe extern "C" fn seed_fill(memory: &SharedMemory, offset: usize, length: usize, times: usize) {
    for _ in 0..times {
        black_box(memory).fill(black_box(offset), length, 7).unwrap();
    }
}

#[no_mangle]
pub unsafe extern "C" fn seed_push_pop(memory: &SharedMemory, start: usize, size: usize, data: *const u8, length: usize, times: usize) {
    memory.write::<u64>(start, 8).unwrap();
    for _ in 0..times {
        black_box(memory).push(start, size, std::slice::from_raw_parts(data, length)).unwrap();
        black_box(black_box(memory).pop(start, size).unwrap());
    }
}
