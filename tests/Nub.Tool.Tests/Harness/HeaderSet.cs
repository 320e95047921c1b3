using Nub.Tool.Headers;

namespace Nub.Tool.Tests.Harness;

/// <summary>Headers of a package of Debian's that are imported together.</summary>
internal static class HeaderSet
{
    private const string Include = "/usr/include";

    /// <summary>The names of all sets.</summary>
    public static readonly string[] All =
    [
        "linux/virtio_*.h", "linux/kvm.h", "linux/io_uring.h", "linux/perf_event.h", "linux/vhost*.h", "elf.h", "netinet/*.h",
    ];

    /// <summary>The headers of a set, or a test that is skipped with the reason.</summary>
    public static HeaderOptions Find(string set)
    {
        string directory = Path.Combine(Include, Path.GetDirectoryName(set) ?? "");
        string[] files = Directory.Exists(directory) ? Directory.GetFiles(directory, Path.GetFileName(set)) : [];
        Skip.If(files.Length == 0, $"{Include}/{set} is not installed (Debian has it in {(set.StartsWith("linux", StringComparison.Ordinal) ? "linux-libc-dev" : "libc6-dev")}).");
        return new HeaderOptions { Headers = [.. files.Order(StringComparer.Ordinal).Select(static file => Path.GetRelativePath(Include, file))] };
    }
}
