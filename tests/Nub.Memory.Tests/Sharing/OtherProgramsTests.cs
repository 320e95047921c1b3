using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Nub.Memory.Tests;

/// <summary>Memory whose layout another program made, read while that program runs, and checked against its own tool.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public sealed class OtherProgramsTests
{
    /// <summary>The performance counters of a Java virtual machine (HotSpot's perfMemory.hpp), against jcmd.</summary>
    [SkippableFact]
    public async Task The_counters_of_a_java_virtual_machine()
    {
        LinuxSharing.SkipElsewhere();
        Skip.If(Installed.Find("keytool") is null || Installed.Find("jcmd") is null, "There is no Java here (keytool and jcmd).");

        // A program of Java's own that waits for its standard input.
        using Process java = Start("keytool", "-genkeypair", "-alias", "nub", "-keystore", Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}"));
        try
        {
            string path = $"/tmp/hsperfdata_{Environment.UserName}/{java.Id}";
            Patience.WaitUntil(() => File.Exists(path) && new FileInfo(path).Length > 0);
            using HostSharedMemory memory = HostSharedMemory.OpenFile(path, 0, (ulong)new FileInfo(path).Length, SharedMemoryAccess.Read, allowUnsealed: true);
            Patience.WaitUntil(() => PerfDataPrologue.At(memory, 0).Accessible == 1);
            PerfDataPrologue prologue = memory.Read<PerfDataPrologue>(0);
            Assert.Equal(0xCAFEC0C0, prologue.Magic);
            Assert.Equal((1, 2), (prologue.ByteOrder, prologue.Major));

            string tool = ChildProcess.RunWell("jcmd", [java.Id.ToString(CultureInfo.InvariantCulture), "PerfCounter.print"]);
            Dictionary<string, string> told = tool.Split('\n').Where(line => line.Contains('=', StringComparison.Ordinal))
                .ToDictionary(line => line[..line.IndexOf('=', StringComparison.Ordinal)], line => line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..].TrimEnd());
            int compared = 0;
            ulong ticks = 0;
            foreach ((string name, PerfDataEntry entry, ulong data) in Entries(memory))
            {
                string value = entry.DataType == 'J'
                    ? memory.Read<long>(data).ToString(CultureInfo.InvariantCulture)
                    : $"\"{Text(memory, data, (ulong)entry.VectorLength)}\"";
                if (entry.Variability == PerfDataEntry.Constant && told.TryGetValue(name, out string? expected))
                {
                    Assert.Equal(expected, value);
                    compared++;
                }

                ticks = name == "sun.os.hrt.ticks" ? data : ticks;
            }

            Assert.True(compared > 20, $"{compared} constants were compared.");

            // Live: the machine samples its own clock.
            Assert.NotEqual(0UL, ticks);
            long before = memory.Read<long>(ticks);
            Patience.WaitUntil(() => memory.Read<long>(ticks) > before);
        }
        finally
        {
            End(java);
        }
    }

    /// <summary>A list that Python shares (multiprocessing.shared_memory.ShareableList), changed from both sides.</summary>
    [SkippableFact]
    public async Task A_list_that_python_shares()
    {
        LinuxSharing.SkipElsewhere();
        Skip.If(Installed.Find("python3") is null, "There is no Python here.");
        const string script = """
            import sys
            from multiprocessing import shared_memory
            values = shared_memory.ShareableList([1, 2.5, 'nub', True, 7])
            print(values.shm.name, values.shm.size, flush=True)
            for line in sys.stdin:
                words = line.split()
                if words[0] == 'set':
                    values[int(words[1])] = int(words[2])
                print(*values, flush=True)
            values.shm.close()
            values.shm.unlink()
            """;
        using Process python = Start("python3", "-c", script);
        try
        {
            string? first = await python.StandardOutput.ReadLineAsync().WaitAsync(Patience.Limit);
            Skip.If(first is null, "This Python has no shared lists.");
            string[] words = first.Split(' ');
            ulong size = ulong.Parse(words[1], CultureInfo.InvariantCulture);
            using HostSharedMemory memory = HostSharedMemory.OpenFile("/dev/shm/" + words[0], 0, size, SharedMemoryAccess.ReadWrite, allowUnsealed: true);
            Assert.Equal(5, memory.Read<long>(0));
            ulong data = (5 + 2) * 8;
            ulong[] at = [.. Enumerable.Range(0, 5).Select(i => data + memory.Read<ulong>(8 + ((ulong)i * 8)))];
            Assert.Equal((1L, 2.5, 7L), (memory.Read<long>(at[0]), memory.Read<double>(at[1]), memory.Read<long>(at[4])));
            Assert.Equal("nub", Text(memory, at[2], at[3] - at[2]));
            Assert.Equal(1, memory.Read<byte>(at[3] + 7));

            Assert.Equal("1 2.5 nub True 99", await AskAsync("set 4 99"));
            Assert.Equal(99, memory.Read<long>(at[4]));
            memory.Write(at[0], 123L);
            memory.Write(at[1], -0.5);
            Assert.Equal("123 -0.5 nub True 99", await AskAsync("get"));
        }
        finally
        {
            End(python);
        }

        async Task<string?> AskAsync(string line)
        {
            await python.StandardInput.WriteLineAsync(line);
            await python.StandardInput.FlushAsync();
            return await python.StandardOutput.ReadLineAsync().WaitAsync(Patience.Limit);
        }
    }

    /// <summary>The entries of the counters: every number of the file is judged before it is used.</summary>
    private static IEnumerable<(string Name, PerfDataEntry Entry, ulong Data)> Entries(HostSharedMemory memory)
    {
        PerfDataPrologue prologue = memory.Read<PerfDataPrologue>(0);
        ulong at = (ulong)prologue.EntryOffset;
        int count = Math.Min(prologue.NumEntries, 10_000);
        for (int i = 0; i < count && memory.TryRead(at, out PerfDataEntry entry); i++)
        {
            Assert.InRange(entry.EntryLength, PerfDataEntry.Layout.Size, 4096);
            Assert.InRange(entry.NameOffset, 0, entry.EntryLength);
            Assert.InRange(entry.DataOffset, 0, entry.EntryLength);
            yield return (Text(memory, at + (ulong)entry.NameOffset, (ulong)(entry.EntryLength - entry.NameOffset)), entry, at + (ulong)entry.DataOffset);
            at += (ulong)entry.EntryLength;
        }
    }

    private static string Text(HostSharedMemory memory, ulong at, ulong most)
    {
        byte[] bytes = new byte[Math.Min(most, 4096)];
        memory.CopyTo(at, bytes);
        int end = bytes.AsSpan().IndexOf((byte)0);
        return Encoding.UTF8.GetString(bytes, 0, end < 0 ? bytes.Length : end);
    }

    private static Process Start(string program, params string[] arguments) => Process.Start(ChildProcess.Piped(program, arguments))!;

    private static void End(Process process)
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(30_000))
        {
            process.Kill();
            process.WaitForExit();
        }
    }
}

/// <summary>The head of a Java virtual machine's counters.</summary>
[AllValid]
public partial struct PerfDataPrologue
{
    [BigEndian] public uint Magic;
    public byte ByteOrder;
    public byte Major;
    public byte Minor;
    public byte Accessible;
    public int Used;
    public int Overflow;
    public long ModificationTime;
    public int EntryOffset;
    public int NumEntries;
}

/// <summary>One counter: its name and its value follow.</summary>
[AllValid]
public partial struct PerfDataEntry
{
    /// <summary>Of a counter that does not change.</summary>
    public const byte Constant = 1;

    public int EntryLength;
    public int NameOffset;
    public int VectorLength;
    public byte DataType;
    public byte Flags;
    public byte Units;
    public byte Variability;
    public int DataOffset;
}
