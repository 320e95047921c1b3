namespace Nub.Package.Tests.Editor;

/// <summary>For each rule a file with one line that breaks it, and what the line is mended to.</summary>
internal static class EditorCases
{
    public static IReadOnlyList<EditorCase> All { get; } =
    [
        new("NUB0001", "bool ready = host.Read<bool>(0);", "bool ready = host.Read<byte>(0) != 0;", """
            public static bool Go(HostSharedMemory host)
            {
                @
                return ready;
            }
            """),
        new("NUB0002", "public bool IsLast;", "public byte IsLast;", """
            [AllValid]
            public partial struct Request
            {
                @
            }
            """),
        new("NUB0003", "public struct Whole", "public partial struct Whole", """
            [AllValid]
            @
            {
                public uint Length;
            }
            """),
        new("NUB0004", "public nint Address;", "public long Address;", """
            [AllValid]
            public partial struct Sized
            {
                @
            }
            """),
        new("NUB0005", "public byte Kind;", "public uint Kind;", """
            [AllValid]
            public partial struct Gap
            {
                @
                public uint Length;
            }
            """),
        new("NUB0006", "public struct Forged : IValidateOnRead<Forged>", "public struct Forged", """
            @
            {
                public readonly string Fields => "1 Value:u1";

                public readonly bool IsLegal(ReadOnlySpan<byte> source) => !source.IsEmpty;
            }
            """),
        new("NUB0007", "host.Add<short>(0, 1);", "host.Add<int>(0, 1);", """
            public static void Count(HostSharedMemory host)
            {
                @
            }
            """),
        new("NUB0008", "public uint Layout;", "public uint Extent;", """
            [AllValid]
            public partial struct Named
            {
                @
            }
            """),
        new("NUB0010", "uint length = host.Read<uint>(0);", "uint length = first;", """
            public static uint Take(HostSharedMemory host)
            {
                uint first = host.Read<uint>(0);
                if (first > 64)
                {
                    return 0;
                }

                @
                return length;
            }
            """),
        new("NUB0011", "return new byte[length];", "return new byte[length & 0xFF];", """
            public static byte[] Take(HostSharedMemory host)
            {
                uint length = host.Read<uint>(0);
                @
            }
            """),
        new("NUB0012", "all[0] = 1;", "host.Write(0, (byte)1);", """
            public static void Fill()
            {
                var exclusive = new ExclusiveSharedMemory(4096);
                Span<byte> all = exclusive.AsSpan(0, 4096);
                (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
                @
                host.Dispose();
                guest.Dispose();
            }
            """),
        new("NUB0013", "return *(int*)host.BaseAddress;", "return host.Read<int>(0);", """
            public static unsafe int Peek(HostSharedMemory host)
            {
                @
            }
            """),
        new("NUB0014", "_ = host.Enter();", "using HostLease lease = host.Enter();", """
            public static void Hold(HostSharedMemory host)
            {
                @
            }
            """),
        new("NUB0015", "return index <= 4 ? four[index] : 0;", "return index < 4 ? four[index] : 0;", """
            public static int Pick(HostSharedMemory host)
            {
                int[] four = new int[4];
                uint index = host.Read<uint>(0);
                @
            }
            """),
    ];

    /// <summary>Files with 200 structs, as a project has them that speaks many protocols.</summary>
    public static IEnumerable<(string Name, string Text)> Structs() => Enumerable.Range(0, 20).Select(static file => ($"Structs{file}.cs", "using Nub.Memory;\n\nnamespace Wire;\n\n"
        + string.Concat(Enumerable.Range(file * 10, 10).Select(static number => $$"""
            [AllValid]
            public partial struct Message{{number}}
            {
                public ulong Address;
                public uint Length;
                public ushort Flags;
                [BigEndian] public ushort Next;
            }


            """))));
}

/// <summary>A file with one line that breaks a rule.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Wrong">The line.</param>
/// <param name="Right">What it is mended to.</param>
/// <param name="Around">What it stands in, with an @ in its place.</param>
internal sealed record EditorCase(string Rule, string Wrong, string Right, string Around)
{
    /// <summary>The file's name.</summary>
    public string File => Rule + ".cs";

    /// <summary>The number of the line, from 0.</summary>
    public int Line => With(Wrong).Split('\n').Index().Single(one => one.Item.Trim() == Wrong).Index;

    /// <summary>The file with another line in the place.</summary>
    public string With(string line)
    {
        string body = Around.ReplaceLineEndings("\n").Replace("@", line, StringComparison.Ordinal);
        bool isType = !body.StartsWith("public static", StringComparison.Ordinal);
        return "using Nub.Memory;\n\nnamespace Wire.Cases" + Rule + ";\n\n" + (isType ? body : "public static class Host\n{\n    " + body.Replace("\n", "\n    ", StringComparison.Ordinal) + "\n}") + "\n";
    }
}
