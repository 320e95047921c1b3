using System.Diagnostics;
using System.Globalization;
using Nub.Ipc;
using Nub.Memory;
using TwoProcesses;

// A parent and a child exchange records through shared memory; then the child turns hostile, and the parent goes on.
const ulong Rounds = 20_000;
ulong records = args is [var count] && ulong.TryParse(count, CultureInfo.InvariantCulture, out ulong asked) ? asked : 1_000_000;

if (args is ["child", var socketPath, var number])
{
    return await PlayChildAsync(socketPath, ulong.Parse(number, CultureInfo.InvariantCulture));
}

return SharedChannel.IsSupported ? await PlayParentAsync() : PlayThreads();

async Task<int> PlayParentAsync()
{
    string folder = Directory.CreateTempSubdirectory("nub-two-processes-").FullName;
    try
    {
        string path = Path.Combine(folder, "channel");
        using SharedChannelListener listener = await SharedChannel.ListenAsync(path, new SharedChannelOptions { HandshakeTimeout = TimeSpan.FromSeconds(2) });
        string[] program = Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? [typeof(RingAttack).Assembly.Location] : [];
        using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. program, "child", path, records.ToString(CultureInfo.InvariantCulture)])
        {
            // The child says how it died; that it does is part of the play.
            RedirectStandardError = true,
        })!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        long start;
        TimeSpan time, round;
        await using (SharedChannel channel = await listener.AcceptAsync())
        {
            Console.WriteLine($"Process {channel.Peer.ProcessId} of user {channel.Peer.UserId} is at the other end.");
            start = Stopwatch.GetTimestamp();
            Exchange.Stream(channel.Producer, channel.Consumer, records);
            time = Stopwatch.GetElapsedTime(start);
            round = Exchange.Ask(channel.Producer, channel.Consumer, Rounds);
        }

        int refused = 0;
        foreach (RingAttack attack in RingAttack.All)
        {
            await using SharedChannel channel = await listener.AcceptAsync();
            refused += Report(attack.Name, attack.Expected, attack.Meet(channel.Producer, channel.Consumer));
        }

        foreach (ChannelAttack attack in ChannelAttack.All)
        {
            refused += Report(attack.Name, attack.Expected, await attack.MeetAsync(listener));
        }

        await child.WaitForExitAsync();
        _ = await errors;
        return End(time, round, refused, RingAttack.All.Length + ChannelAttack.All.Length);
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

static async Task<int> PlayChildAsync(string path, ulong records)
{
    await using (SharedChannel channel = await SharedChannel.ConnectAsync(path))
    {
        Exchange.Stream(channel.Producer, channel.Consumer, records);
        Exchange.Answer(channel.Producer, channel.Consumer, Rounds);
        await ChannelAttack.WaitForEndAsync(channel);
    }

    foreach (RingAttack attack in RingAttack.All)
    {
        await using SharedChannel channel = await SharedChannel.ConnectAsync(path);
        attack.Commit(channel.Producer.Ring, channel.Consumer.Ring);
        await ChannelAttack.WaitForEndAsync(channel);
    }

    foreach (ChannelAttack attack in ChannelAttack.All)
    {
        await attack.CommitAsync(path);
    }

    return 1;
}

int PlayThreads()
{
    Console.WriteLine("There are no channels between processes here: two threads play them.");
    (TimeSpan Time, TimeSpan Round) figures = WithRings((there, back) =>
    {
        var other = new Thread(() =>
        {
            Exchange.Stream(back.Producer, there.Consumer, records);
            Exchange.Answer(back.Producer, there.Consumer, Rounds);
        });
        other.Start();
        long start = Stopwatch.GetTimestamp();
        Exchange.Stream(there.Producer, back.Consumer, records);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        TimeSpan round = Exchange.Ask(there.Producer, back.Consumer, Rounds);
        other.Join();
        return (time, round);
    });
    int refused = RingAttack.All.Sum(attack => WithRings((there, back) =>
    {
        _ = there.Producer;
        _ = back.Consumer;
        var hostile = new Thread(() => attack.Commit(back, there));
        hostile.Start();
        int one = Report(attack.Name, attack.Expected, attack.Meet(there.Producer, back.Consumer));
        hostile.Join();
        return one;
    }));
    return End(figures.Time, figures.Round, refused, RingAttack.All.Length);
}

static T WithRings<T>(Func<SharedRing, SharedRing, T> play)
{
    var (host, guest) = new ExclusiveSharedMemory(2 << 20).Build();
    using (host)
    using (guest)
    {
        return play(SharedRing.Create(host, 0, 1 << 20), SharedRing.Create(host, 1 << 20, 1 << 20));
    }
}

static int Report(string name, string expected, string reported)
{
    bool asExpected = expected == reported;
    Console.WriteLine($"  the child {name}: {reported}{(asExpected ? "" : $", and not {expected}")}");
    return asExpected ? 1 : 0;
}

int End(TimeSpan time, TimeSpan round, int refused, int attacks)
{
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"TwoProcesses: {2 * records} records, {2 * records / time.TotalSeconds:F0} per second, round trip {round.TotalNanoseconds:F0} ns, {refused} attacks refused"));
    return refused == attacks ? 0 : 1;
}
