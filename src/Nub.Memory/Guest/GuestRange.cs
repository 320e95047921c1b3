namespace Nub.Memory;

/// <summary>A range of guest addresses: a buffer, as a driver names it. It may lie anywhere; what uses it judges it.</summary>
/// <param name="Address">The guest address of the first byte.</param>
/// <param name="Length">The number of bytes.</param>
public readonly record struct GuestRange(ulong Address, ulong Length);
