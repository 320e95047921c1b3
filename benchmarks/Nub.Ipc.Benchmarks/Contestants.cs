using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace Nub.Ipc.Benchmarks;

/// <summary>Runs one contestant once, in processes of its own.</summary>
internal static class Contestants
{
    private static readonly string s_peers = Path.Combine(Path.GetTempPath(), $"nub-ipc-peers-{Environment.ProcessId}");

    /// <summary>Compiles the peers in C++.</summary>
    /// <returns>Whether there is a compiler, and Boost.</returns>
    public static bool TryBuildPeers()
    {
        try
        {
            using Process compiler = Process.Start("g++", ["-O2", "-o", s_peers, Path.Combine(AppContext.BaseDirectory, "peers.cpp"), "-lpthread", "-lrt"]);
            compiler.WaitForExit();
            return compiler.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    public static void RemovePeers() => File.Delete(s_peers);

    public static double Peer(string arguments)
    {
        using Process peer = Process.Start(new ProcessStartInfo(s_peers, arguments) { RedirectStandardOutput = true })!;
        string text = peer.StandardOutput.ReadToEnd();
        peer.WaitForExit();
        return double.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>This library: this process on processor 0, a child on processor 1.</summary>
    public static async Task<double> NubAsync(string what, int size)
    {
        string folder = Directory.CreateTempSubdirectory("nub-ipc-bench-").FullName;
        string path = Path.Combine(folder, "channel");
        try
        {
            // 64 KiB for small records, as the peers have: both sides stay in the second-level cache.
            using SharedChannelListener listener = await SharedChannel.ListenAsync(path, new SharedChannelOptions { RingSize = size >= 4096 ? 1UL << 20 : 1UL << 16 });
            using Process child = Process.Start("taskset",
                ["-c", "1", "dotnet", "exec", typeof(Side).Assembly.Location, "child", path, what, size.ToString(CultureInfo.InvariantCulture)]);
            double result;
            await using (SharedChannel channel = await listener.AcceptAsync())
            {
                result = await Task.Factory.StartNew(() => Side.Measure(channel, what, size), TaskCreationOptions.LongRunning);
            }

            await child.WaitForExitAsync();
            return result;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>System.Threading.Channels between two threads of one process.</summary>
    public static double Channels(int size)
    {
        var channel = Channel.CreateBounded<(long, long)>(new BoundedChannelOptions(4096) { SingleReader = true, SingleWriter = true });
        bool stop = false;
        var writer = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                channel.Writer.TryWrite((size, size));
            }
        });
        writer.Start();
        long count = 0;
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < Side.Seconds)
        {
            for (int i = 0; i < 64; i++)
            {
                count += channel.Reader.TryRead(out _) ? 1 : 0;
            }
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Volatile.Write(ref stop, true);
        writer.Join();
        return count / elapsed;
    }
}
