using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Refuses a process in which a guest's 64-bit offsets would have to be cut.</summary>
internal static class ProcessCheck
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The ModuleInitializer attribute should not be used in libraries",
        Justification = "The contract: a 32-bit process is refused at load, before a memory of half the size is made.")]
    internal static void RefuseSmallAddressSpace()
    {
        if (!Environment.Is64BitProcess)
        {
            throw new PlatformNotSupportedException("Nub.Memory needs a 64-bit process: its sizes and offsets are 64-bit.");
        }
    }
}
