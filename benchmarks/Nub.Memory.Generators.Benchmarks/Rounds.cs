using System.Diagnostics;

namespace Nub.Memory.Generators.Benchmarks;

/// <summary>Times of things that are done in turn, so that what else the machine does meets all of them alike.</summary>
internal sealed class Rounds(int count)
{
    private readonly List<(string Name, Action Work, List<double> Times)> _sides = [];

    public void Add(string name, Action work) => _sides.Add((name, work, []));

    public void Run()
    {
        for (int round = -1; round < count; round++)
        {
            foreach ((_, Action work, List<double> times) in _sides)
            {
                long start = Stopwatch.GetTimestamp();
                work();

                // The first round only warms up.
                if (round >= 0)
                {
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }
        }
    }

    public double Median(string name)
    {
        List<double> times = _sides.Single(side => side.Name == name).Times;
        times.Sort();
        return times[times.Count / 2];
    }

    public void Print(string? than = null)
    {
        foreach ((string name, _, List<double> times) in _sides)
        {
            double median = Median(name);
            string ratio = than is null || than == name ? "" : $"  {median / Median(than),6:F2} of {than}";
            Console.WriteLine($"{name,-58} {median,9:F1} ms ({times.Min():F1}){ratio}");
        }
    }
}
