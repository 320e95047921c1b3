using System.Runtime.InteropServices;
using System.Text;

namespace Nub.Memory.Touches;

/// <summary>Bytes of the memory.</summary>
/// <param name="Offset">The first.</param>
/// <param name="Length">How many.</param>
internal readonly record struct Bytes(int Offset, int Length);

/// <summary>One access, and what of the memory it is to touch: these bytes once each, and no others.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Memory">The memory.</param>
/// <param name="Reads">What is read.</param>
/// <param name="Writes">What is written.</param>
/// <param name="Run">The access.</param>
/// <param name="Prepare">Brings the memory into the state that it is to be made in.</param>
internal sealed record Case(string Name, SharedMemory Memory, Bytes[] Reads, Bytes[] Writes, Action Run, Action? Prepare = null);

/// <summary>
/// A page of private memory that the tracer reads while this thread is stopped: eight-byte numbers, and the name of the case at its
/// second half. Word 0 says what happens (1: an access begins, 2: it is over, 3: there are no more), 1 and 2 where the memory is and
/// how large, 3 its protection, 4 and 5 how many ranges are read and written; then the ranges, two words each.
/// </summary>
internal static unsafe partial class Mailbox
{
    public const int NameAt = 2048;
    private const int SigUsr2 = 12;
    private const ulong ProtRead = 1, ProtWrite = 2;
    private static ulong* s_words;

    public static ulong Address => (ulong)s_words;

    public static void Open() => s_words = (ulong*)NativeMemory.AllocZeroed(4096);

    public static void Announce(Case access)
    {
        // Sound: the page is this process's own and never freed; a case has a handful of ranges, and a short name.
        s_words[1] = (ulong)access.Memory.BaseAddress;
        s_words[2] = access.Memory.Size;
        s_words[3] = access.Memory is ReadOnlySharedMemory ? ProtRead : ProtRead | ProtWrite;
        s_words[4] = (ulong)access.Reads.Length;
        s_words[5] = (ulong)access.Writes.Length;
        int at = 6;
        foreach (Bytes range in (Bytes[])[.. access.Reads, .. access.Writes])
        {
            s_words[at++] = (ulong)range.Offset;
            s_words[at++] = (ulong)range.Length;
        }

        var name = new Span<byte>((byte*)s_words + NameAt, NameAt);
        name.Clear();
        Encoding.UTF8.GetBytes(access.Name, name);
        Signal(1);
    }

    public static void End() => Signal(2);

    public static void Quit() => Signal(3);

    private static void Signal(ulong what)
    {
        s_words[0] = what;

        // Never delivered: the tracer sees it, and drops it.
        _ = Raise(SigUsr2);
    }

    [LibraryImport("libc", EntryPoint = "raise")]
    private static partial int Raise(int signal);
}
