using System.CommandLine;
using System.Net.Sockets;
using Nub.Virtio;
using VhostUserBlock;

// Serves disks to QEMU's guests until Ctrl+C: see README.md beside this.
Option<string[]> socketOption = new("--socket") { Description = "Where to listen for a front end. Once for each disk.", Required = true, HelpName = "PATH" };
Option<string[]> imageOption = new("--image") { Description = "The disk's file or block device. Once for each socket, in the same order.", Required = true, HelpName = "FILE" };
Option<bool> readOnlyOption = new("--read-only") { Description = "Guests may not write." };
Option<int> queuesOption = new("--queues") { Description = "How many queues each disk has, 1 to 64.", HelpName = "N", DefaultValueFactory = _ => 1 };
var root = new RootCommand("Serves disks over vhost-user sockets.") { socketOption, imageOption, readOnlyOption, queuesOption };
root.SetAction((parsed, cancellation) => ServeAsync(
    parsed.GetValue(socketOption)!, parsed.GetValue(imageOption)!, parsed.GetValue(readOnlyOption), Math.Clamp(parsed.GetValue(queuesOption), 1, 64), cancellation));
return await root.Parse(args).InvokeAsync();

static async Task<int> ServeAsync(string[] sockets, string[] images, bool isReadOnly, int queues, CancellationToken cancellation)
{
    if (sockets.Length != images.Length)
    {
        return Fail($"{sockets.Length} sockets and {images.Length} images; each disk has one of both.");
    }

    if (!VhostUserBackend.IsSupported)
    {
        return Fail("vhost-user needs Linux.");
    }

    var disks = new List<Disk>();
    try
    {
        for (int i = 0; i < sockets.Length; i++)
        {
            disks.Add(new Disk(sockets[i], images[i], isReadOnly, queues));
        }

        // One disk that cannot be served ends the others too.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] serving = [.. disks.Select(disk => disk.ServeAsync(ending.Token))];
        Task telling = TellAsync(disks, ending.Token);
        await Task.WhenAny(serving);
        await ending.CancelAsync();
        await telling;
        await Task.WhenAll(serving);
        Console.WriteLine("VhostUserBlock: stopped");
        return 0;
    }
    catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException or ArgumentException)
    {
        return Fail(e.Message);
    }
    finally
    {
        disks.ForEach(disk => disk.Dispose());
    }
}

static async Task TellAsync(List<Disk> disks, CancellationToken cancellation)
{
    using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
    try
    {
        while (await second.WaitForNextTickAsync(cancellation))
        {
            disks.ForEach(disk => disk.TellSpeed());
        }
    }
    catch (OperationCanceledException)
    {
        // Ctrl+C.
    }
}

static int Fail(string reason)
{
    Console.Error.WriteLine($"VhostUserBlock: {reason}");
    return 1;
}
