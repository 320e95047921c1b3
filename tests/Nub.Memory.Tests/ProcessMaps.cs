using System.Globalization;

namespace Nub.Memory.Tests;

/// <summary>What the kernel says this process has mapped.</summary>
internal static class ProcessMaps
{
    public static int Count => Lines().Length;

    public static int DescriptorCount => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>Whether any mapping covers the address.</summary>
    public static bool Contains(nint address) => Protection(address) is not null;

    /// <summary>The protection at the address, such as <c>rw-p</c>; null when nothing is mapped there.</summary>
    public static string? Protection(nint address)
    {
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

    private static string[] Lines() => File.ReadAllLines("/proc/self/maps");
}
