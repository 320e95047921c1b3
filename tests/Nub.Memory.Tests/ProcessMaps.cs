using System.Globalization;

namespace Nub.Memory.Tests;

/// <summary>What the system says this process has mapped.</summary>
internal static class ProcessMaps
{
    /// <summary>The protection of anonymous memory: private pages on Linux, a section's on Windows.</summary>
    public static readonly string Anonymous = OperatingSystem.IsWindows() ? "rw-s" : "rw-p";

    /// <summary>How many runs of pages are mapped or reserved.</summary>
    public static int Count => OperatingSystem.IsWindows() ? WindowsMaps.Count : Lines().Length;

    /// <summary>How many descriptors or handles are open.</summary>
    public static int DescriptorCount =>
        OperatingSystem.IsWindows() ? WindowsMaps.HandleCount : Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>Whether any mapping covers the address.</summary>
    public static bool Contains(nint address) => Protection(address) is not null;

    /// <summary>
    /// Whether a memory of the library begins at the address: its guard page is before it. The system may have given the range
    /// of one that is gone to something else already.
    /// </summary>
    public static bool IsMemory(nint address) =>
        Protection(address) is not (null or "---p") && (OperatingSystem.IsWindows() || Protection(address - (nint)Pair.Page) == "---p");

    /// <summary>
    /// The same for a memory of a known size: a run of pages that begins and ends where it does, between guards. A thread's stack that has been given the range
    /// begins behind a guard, too, and ends elsewhere.
    /// </summary>
    public static bool IsMemory(nint address, ulong size) =>
        IsMemory(address) && (OperatingSystem.IsWindows() || Lines().Any(line => line.StartsWith($"{address:x}-{address + (nint)size:x} ", StringComparison.Ordinal)));

    /// <summary>The protection at the address, as Linux writes it, such as <c>rw-p</c>; null when nothing is mapped there.</summary>
    public static string? Protection(nint address)
    {
        if (OperatingSystem.IsWindows())
        {
            return WindowsMaps.Protection(address);
        }

        foreach (string line in Lines())
        {
            int dash = line.IndexOf('-', StringComparison.Ordinal);
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            ulong start = ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            ulong end = ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if ((ulong)address >= start && (ulong)address < end)
            {
                return line.Substring(space + 1, 4);
            }
        }

        return null;
    }

    /// <summary>Unmaps a memory that was leaked on purpose.</summary>
    public static void Unmap(nint rawAddress, ulong rawSize) => Assert.True(OperatingSystem.IsWindows()
        ? WindowsNative.UnmapViewOfFile(rawAddress)
        : LinuxNative.MUnmap(rawAddress, (nuint)rawSize) == 0);

    private static string[] Lines() => File.ReadAllLines("/proc/self/maps");
}
