using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>
/// Which bytes of a block of 64 a masked load or store is to touch. Such an instruction touches those bytes and no others, and does
/// not fault for the others, so a ragged end costs one instruction and every byte of it is touched once.
/// </summary>
/// <remarks>Intel's manual, volume 1, section 15.6.4: memory faults are suppressed for what the mask leaves out, and it is not written.</remarks>
internal static class ByteMasks
{
    private const int Block = 64;

    /// <summary>Whether the processor has masks for bytes. A constant of the JIT's.</summary>
    public static bool AreSupported => Avx512BW.IsSupported;

    // A window of 64 bytes onto it that begins at byte n has its last n bytes set, and one that begins at 128 - n its first n.
    // (All of it is constant data of the assembly, and costs nothing to make.)
    private static ReadOnlySpan<byte> Window =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>The first bytes of a block, and no others.</summary>
    /// <param name="count">How many, from 0 to 64.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> First(nuint count) => At((2 * Block) - count);

    /// <summary>The last bytes of a block, and no others.</summary>
    /// <param name="count">How many, from 0 to 64.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Last(nuint count) => At(count);

    // Sound: 64 bytes from any place in [0, 128] lie within the 192.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> At(nuint place) => Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(Window), place);
}
