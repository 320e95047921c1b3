using System.Diagnostics;
using System.Globalization;
using Nub.Ipc.Child;
using Xunit.Abstractions;

namespace Nub.Ipc.Tests;

/// <summary>
/// Two processes, one of which is killed at random moments. NUB_IPC_KILLS says how often each side is, 500 for the long run; NUB_IPC_RECORDS how many records a stream has.
/// </summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class ProcessTests(ITestOutputHelper output)
{
    private static ulong Setting(string name, ulong otherwise) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out ulong value) ? value : otherwise;

    [SkippableFact]
    public async Task Every_record_that_a_killed_writer_completed_is_read_and_none_is_wrong()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The children find the memory in /proc, which Linux has.");
        ulong kills = Setting("NUB_IPC_KILLS", 6);
        var random = new Random(11);
        using var file = new SharedFile(8192);
        byte[] buffer = new byte[256];
        ulong records = 0;
        for (ulong epoch = 1; epoch <= kills; epoch++)
        {
            file.Work.Written = 0;
            Process writer = file.Start("write", epoch);
            ulong next = 0;

            void ReadAll()
            {
                while (file.Ring.Consumer.TryRead(buffer, out int length))
                {
                    Assert.True(Work.IsWhole(buffer.AsSpan(0, length), out ulong number), $"{number:X} is not whole");
                    Assert.Equal(Work.NumberOf(epoch, next), number);
                    next++;
                }

                Assert.Equal(SharedRingError.None, file.Ring.Consumer.Error);
            }

            ulong enough = (ulong)random.Next(1, 20_000);
            long start = Stopwatch.GetTimestamp();
            while (next < enough)
            {
                ReadAll();
                Assert.True(!writer.HasExited && Stopwatch.GetElapsedTime(start) < Patience.Limit, $"{next} records of {enough}");
            }

            string errors = await SharedFile.KillAsync(writer);
            ReadAll();

            // It may have completed one more than it could note, and no fewer.
            Assert.InRange(next, file.Work.Written, file.Work.Written + 1);
            Assert.Equal("", errors);
            records += next;
        }

        output.WriteLine($"{kills} writers killed, {records} records read");
    }

    [SkippableFact]
    public async Task A_reader_that_takes_over_from_a_killed_one_gets_what_that_had_in_hand_and_nothing_else()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The children find the memory in /proc, which Linux has.");
        ulong kills = Setting("NUB_IPC_KILLS", 6);
        var random = new Random(12);
        using var file = new SharedFile(8192);
        using var stop = new CancellationTokenSource();
        _ = file.Ring.Producer;
        var writer = new Thread(() => Record.Exception(() => file.Work.Write(file.Ring.Producer, 0, cancellationToken: stop.Token)));
        writer.Start();
        for (ulong kill = 0; kill < kills; kill++)
        {
            ulong enough = file.Work.Next + (ulong)random.Next(1, 20_000);
            Process reader = file.Start("read", 0);
            long start = Stopwatch.GetTimestamp();
            while (file.Work.Next < enough)
            {
                Assert.True(Stopwatch.GetElapsedTime(start) < Patience.Limit, $"{file.Work.Next} records of {enough}");
                if (reader.HasExited)
                {
                    Assert.Fail(await reader.StandardError.ReadToEndAsync());
                }

                Thread.Sleep(1);
            }

            Assert.Equal("", await SharedFile.KillAsync(reader));
        }

        output.WriteLine($"{kills} readers killed, {file.Work.Next} records read");
        stop.Cancel();
        writer.Join();
    }

    [SkippableFact]
    public async Task A_stream_between_two_processes_arrives_whole()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The children find the memory in /proc, which Linux has.");
        ulong count = Setting("NUB_IPC_RECORDS", 500_000);
        using var file = new SharedFile(1 << 18);
        using Process writer = file.Start("stream", count);
        var several = new Numbered[128];
        ulong next = 0, sum = 0;
        long start = Stopwatch.GetTimestamp();
        while (file.Ring.Consumer.WaitToRead(Patience.Limit))
        {
            int read = file.Ring.Consumer.ReadMany<Numbered>(several);
            foreach (Numbered one in several.AsSpan(0, read))
            {
                if (one.Number != next || one.Check != ~next)
                {
                    Assert.Fail($"{one.Number:X} {one.Check:X} instead of {next:X}");
                }

                next++;
                sum = unchecked((sum * 31) + one.Number);
            }
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        string errors = await writer.StandardError.ReadToEndAsync();
        await writer.WaitForExitAsync();
        Assert.Equal(("", 0, count), (errors, writer.ExitCode, next));
        output.WriteLine($"{count} records in {time.TotalSeconds:F1} s, checksum {sum:X}");
    }
}
