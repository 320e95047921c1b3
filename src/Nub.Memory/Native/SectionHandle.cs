using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// A file-mapping object of Windows, a section: the pages that views show. It is closed exactly once, and a failure to is
/// traced, never thrown. Views that are mapped keep its pages without it.
/// </summary>
internal sealed class SectionHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public SectionHandle() : base(ownsHandle: true)
    {
    }

    /// <summary>Takes charge of a handle.</summary>
    public SectionHandle(nint handle) : base(ownsHandle: true) => SetHandle(handle);

    protected override bool ReleaseHandle()
    {
        bool closed = WindowsNative.CloseHandle(handle);
        if (!closed)
        {
            NubMemoryEventSource.Log.ReleaseFailed("CloseHandle", Marshal.GetLastPInvokeError(), handle, size: 0UL);
        }

        return closed;
    }
}
