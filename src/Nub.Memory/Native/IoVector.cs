using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>struct iovec of a 64-bit C library.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public byte* Base;
    public nuint Length;
}
