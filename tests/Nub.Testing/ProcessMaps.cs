using System.Globalization;

namespace Nub.Testing;

/// <summary>What the system says this process has: mappings, descriptors, threads.</summary>
public static class ProcessMaps
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
        Protection(address) is not (null or "---p") && (OperatingSystem.IsWindows() || Protection(address - Environment.SystemPageSize) == "---p");

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

        string? line = Lines().FirstOrDefault(line => Holds(line, address));
        return line?.Substring(line.IndexOf(' ', StringComparison.Ordinal) + 1, 4);
    }

    /// <summary>A field of the mapping at an address in kB, from Linux's <c>smaps</c>; -1 when there is none.</summary>
    public static long FieldOf(nint address, string field)
    {
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (char.IsAsciiHexDigitLower(line[0]) || char.IsAsciiDigit(line[0]))
            {
                inside = Holds(line, address);
            }
            else if (inside && line.StartsWith(field + ":", StringComparison.Ordinal))
            {
                return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            }
        }

        return -1;
    }

    /// <summary>How many mappings have a name with this part in it, on Linux.</summary>
    public static int CountNamed(string part) => Lines().Count(line => line.Contains(part, StringComparison.Ordinal));

    /// <summary>How many descriptors are of something whose name has one of these parts, on Linux.</summary>
    public static int CountDescriptorsOf(params string[] parts) => Directory.GetFiles("/proc/self/fd")
        .Count(file => Array.Exists(parts, part => (new FileInfo(file).LinkTarget ?? "").Contains(part, StringComparison.Ordinal)));

    /// <summary>How many threads the process has, on Linux.</summary>
    public static int CountThreads() => Directory.GetDirectories("/proc/self/task").Length;

    private static string[] Lines() => File.ReadAllLines("/proc/self/maps");

    private static bool Holds(string line, nint address)
    {
        int dash = line.IndexOf('-', StringComparison.Ordinal);
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        return ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= (ulong)address
            && (ulong)address < ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
