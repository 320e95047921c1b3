using System.Diagnostics;
using System.Globalization;
using Nub.Memory;
using Nub.Virtio;
using Nub.Virtio.Benchmarks;

// What a queue costs by itself: take a chain of three descriptors, look at nothing, return it. In the host's own memory, and in a memory that its owner could shorten, which is what a vhost-user
// front end's is. The rows go in turns, round by round, so that a busy machine is busy for all of them.
int rounds = args.Length == 2 && args[0] == "--rounds" ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
const int Size = 1 << 18;
const int LimitNanoseconds = 60;

var rows = new List<(string Name, bool IsLimited, FilledQueue Queue, List<double> Times)>();
foreach (bool isForeign in OperatingSystem.IsLinux() ? new[] { false, true } : [false])
{
    foreach (bool isIndirect in new[] { false, true })
    {
        foreach (bool isPacked in new[] { false, true })
        {
            HostSharedMemory memory = isForeign ? OpenForeign() : new ExclusiveSharedMemory(Size).Build().Host;
            string name = $"{(isPacked ? "packed" : "split")}, {(isIndirect ? "indirect" : "direct")}, {(isForeign ? "a peer's memory" : "own memory")}";
            rows.Add((name, !isForeign && !isIndirect, new FilledQueue(memory, isPacked, isIndirect), []));
        }
    }
}

for (int round = -2; round < rounds; round++)
{
    foreach ((_, _, FilledQueue queue, List<double> times) in rows)
    {
        double time = Measure(queue);
        if (round >= 0)
        {
            times.Add(time);
        }
    }
}

bool holds = true;
Console.WriteLine($"{"take and return of a chain of three",-40} {"median ns",10} {"least ns",10}");
foreach ((string name, bool isLimited, FilledQueue queue, List<double> times) in rows)
{
    times.Sort();
    double median = times[times.Count / 2];
    holds &= !isLimited || median <= LimitNanoseconds;
    Console.WriteLine($"{name,-40} {median,10:F1} {times[0],10:F1}{(isLimited && median > LimitNanoseconds ? $"  above the limit of {LimitNanoseconds}" : "")}");
}

return holds ? 0 : 1;

static HostSharedMemory OpenForeign()
{
    string path = Path.GetTempFileName();
    File.WriteAllBytes(path, new byte[Size]);
    HostSharedMemory memory = HostSharedMemory.OpenFile(path, 0, Size, SharedMemoryAccess.ReadWrite, allowUnsealed: true);
    File.Delete(path);
    return memory;
}

// The median of many fillings of a queue, each of which is over before a busy machine takes the processor away. Filling it is the driver's time, and is not counted.
static double Measure(FilledQueue filled)
{
    VirtQueue queue = filled.Queue;
    var times = new double[1000];
    foreach (ref double time in times.AsSpan())
    {
        int count = filled.Fill();
        long start = Stopwatch.GetTimestamp();
        while (queue.TryTake(out DescriptorChain chain))
        {
            queue.Return(chain, 1);
        }

        queue.ShouldNotify();
        time = Stopwatch.GetElapsedTime(start).TotalNanoseconds / count;
    }

    if (queue.Error != VirtQueueError.None)
    {
        throw new InvalidOperationException(queue.ToString());
    }

    Array.Sort(times);
    return times[times.Length / 2];
}
