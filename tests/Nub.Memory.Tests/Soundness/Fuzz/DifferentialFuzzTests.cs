using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace Nub.Memory.Tests.Soundness.Fuzz;

/// <summary>
/// All public operations at random from several threads, against a model of bytes and a ledger. NUB_FUZZ_SECONDS says how long (20 unless it is
/// set; 3600 for an hour), and NUB_FUZZ_SEED which random numbers: the sequence of each thread is the same for the same seed, though how the threads
/// interleave is not.
/// </summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public class DifferentialFuzzTests(ITestOutputHelper output)
{
    private const int Threads = 4;

    [Fact]
    public void Whatever_several_threads_do_the_bytes_and_the_ledger_are_as_the_model_says()
    {
        int seconds = Number("NUB_FUZZ_SECONDS") ?? 20;
        int seed = Number("NUB_FUZZ_SEED") ?? Environment.TickCount;
        output.WriteLine($"NUB_FUZZ_SEED={seed}");
        var watch = Stopwatch.StartNew();
        long done = 0, refused = 0, granted = 0;
        int rounds = 0;

        // A world for a few seconds each: its end is a part of what is tested.
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            Round(seed + rounds, Math.Min(5, seconds - watch.Elapsed.TotalSeconds), ref done, ref refused, ref granted);
            rounds++;
        }

        output.WriteLine($"{rounds} rounds, {done} operations, of which {refused} were refused; exclusivity was granted {granted} times");
        Assert.InRange(done, 1, long.MaxValue);
    }

    private static void Round(int seed, double seconds, ref long done, ref long refused, ref long granted)
    {
        var world = new FuzzWorld(Threads, (ulong)seed);
        bool end = false;
        string? failure = null;
        FuzzThread[] actors = [.. Enumerable.Range(0, Threads).Select(i => new FuzzThread(world, i, HashCode.Combine(seed, i)))];
        Thread[] threads = [.. actors.Select((actor, i) => new Thread(() =>
        {
            try
            {
                while (!Volatile.Read(ref end))
                {
                    actor.Step();
                }

                actor.End();
            }
#pragma warning disable CA1031 // Reported by the waiting thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, $"thread {i}, step {actor.Done}, {actor.Last}: {exception}", null);
                Volatile.Write(ref end, true);
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        var watch = Stopwatch.StartNew();
        while (!Volatile.Read(ref end) && watch.Elapsed.TotalSeconds < seconds)
        {
            Thread.Sleep(20);
        }

        Volatile.Write(ref end, true);
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        // A thread that failed has not given back what it had, so nothing can be said of the end.
        Assert.True(failure is null, $"NUB_FUZZ_SEED={seed}: {failure}");
        world.Dispose();
        done += actors.Sum(actor => actor.Done);
        refused += actors.Sum(actor => actor.Refused);
        granted += world.Granted;
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : null;
}
