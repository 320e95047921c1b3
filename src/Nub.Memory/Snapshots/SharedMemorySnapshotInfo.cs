using System.Diagnostics;

namespace Nub.Memory;

/// <summary>What a snapshot's file says of itself, to find the base that a layer needs.</summary>
/// <param name="Size">The size of the memory in bytes.</param>
/// <param name="GuestMappedSize">How many bytes of it, from the first, a guest is to see.</param>
/// <param name="PageSize">The page size in bytes of the system that saved it.</param>
/// <param name="StoredSize">How many bytes of the memory stand in the file itself.</param>
/// <param name="ContentHash">The hash that names its contents.</param>
/// <param name="BaseHash">The hash that names the contents that it is a layer of; null for a whole snapshot.</param>
[DebuggerDisplay("{Size} bytes, {StoredSize} stored, {ContentHash}")]
public sealed record SharedMemorySnapshotInfo(
    ulong Size, ulong GuestMappedSize, uint PageSize, ulong StoredSize, SharedMemorySnapshotHash ContentHash, SharedMemorySnapshotHash? BaseHash);
