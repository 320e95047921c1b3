using System.Globalization;

namespace Nub.Kvm.Tests;

/// <summary>What the kernel says this process has: mappings, descriptors, threads.</summary>
internal static class ProcessMaps
{
    public static bool IsMapped(nint address) => Array.Exists(File.ReadAllLines("/proc/self/maps"), line => Holds(line, address));

    /// <summary>A field of the mapping at an address in kB, from <c>smaps</c>; -1 when there is none.</summary>
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

    /// <summary>The descriptors of KVM's, eventfds included.</summary>
    public static int CountKvmDescriptors() => Directory.GetFiles("/proc/self/fd").Count(file =>
    {
        string target = new FileInfo(file).LinkTarget ?? "";
        return target.Contains("kvm", StringComparison.Ordinal) || target.Contains("[eventfd]", StringComparison.Ordinal);
    });

    public static int CountMappings() => File.ReadAllLines("/proc/self/maps").Length;

    public static int CountKvmMappings() => File.ReadAllLines("/proc/self/maps").Count(line => line.Contains("kvm", StringComparison.Ordinal));

    public static int CountThreads() => Directory.GetDirectories("/proc/self/task").Length;

    private static bool Holds(string line, nint address)
    {
        string[] range = line.Split(' ')[0].Split('-');
        return ulong.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= (ulong)address
            && (ulong)address < ulong.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
