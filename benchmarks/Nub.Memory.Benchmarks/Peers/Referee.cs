using System.Diagnostics;

namespace Nub.Memory.Benchmarks;

/// <summary>
/// Measures the sides of a contest against one another: round after round, each side in turn, so that whatever else the machine
/// is doing meets all of them alike.
/// </summary>
internal sealed class Referee(int rounds, TimeSpan turn)
{
    // Of an operation this long the harness's own code does not matter, and the operation's was compiled long before.
    private static readonly TimeSpan s_longEnough = TimeSpan.FromMilliseconds(40);

    /// <summary>Measures a contest.</summary>
    public Result Measure(Contest contest)
    {
        Side[] sides = [.. contest.Sides];
        int[] times = new int[sides.Length];
        double[][] measured = new double[sides.Length][];
        for (int i = 0; i < sides.Length; i++)
        {
            Action<int> run = sides[i].Run;
            WarmUp(run);
            // What is other data for the same code was compiled with it.
            foreach (Action<int> elsewhere in sides[i].Elsewhere.Where(one => one.Method != run.Method))
            {
                WarmUp(elsewhere);
            }

            times[i] = Calibrate(sides[i]);
            measured[i] = new double[rounds];
        }

        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < sides.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                sides[i].At(round)(times[i]);
                measured[i][round] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / times[i];
            }
        }

        var timings = new Dictionary<string, Timing>();
        for (int i = 0; i < sides.Length; i++)
        {
            Array.Sort(measured[i]);
            timings[sides[i].Name] = new Timing(measured[i][0], measured[i][rounds / 2]);
        }

        return new Result(contest, timings);
    }

    /// <summary>Has the JIT count enough calls, and gives it the time to compile the optimized code behind them.</summary>
    public static void WarmUp(Action<int> run)
    {
        for (int burst = 0; burst < 5; burst++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 60 && Stopwatch.GetElapsedTime(start) < s_longEnough; i++)
            {
                run(i < 5 ? 1 : 20);
            }

            Thread.Sleep(120);
        }
    }

    private int Calibrate(Side side)
    {
        for (int times = 1; ; times *= 2)
        {
            long start = Stopwatch.GetTimestamp();
            side.Run(times);
            TimeSpan taken = Stopwatch.GetElapsedTime(start);
            if (taken >= turn / 4 || times >= 1 << 28)
            {
                return Math.Max(1, (int)(times * (turn / taken)));
            }
        }
    }
}
