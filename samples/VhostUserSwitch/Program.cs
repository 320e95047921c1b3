using System.CommandLine;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Nub.Virtio;
using VhostUserSwitch;

// Connects QEMU's guests with one another until Ctrl+C: see README.md beside this.
Option<string[]> socketOption = new("--socket") { Description = "Where to listen for a guest. Once for each port.", Required = true, HelpName = "PATH" };
var root = new RootCommand("An Ethernet switch for guests, over vhost-user sockets.") { socketOption };
root.SetAction((parsed, cancellation) => SwitchAsync(parsed.GetValue(socketOption)!, cancellation));
return await root.Parse(args).InvokeAsync();

static async Task<int> SwitchAsync(string[] sockets, CancellationToken cancellation)
{
    if (!VhostUserBackend.IsSupported)
    {
        return Fail("vhost-user needs Linux.");
    }

    var middle = new EthernetSwitch();
    SwitchPort[] ports = [.. sockets.Select(socket => middle.AddPort(Path.GetFileName(socket)))];
    VhostUserBackend[] backends = [.. ports.Select((port, index) => Plug(port, index, Path.GetFileName(sockets[index])))];
    try
    {
        // One port that cannot be served ends the others too.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] serving = [.. backends.Select((backend, index) => backend.ListenAsync(sockets[index], ending.Token))];
        Task telling = TellAsync(ports, ending.Token);
        Console.WriteLine($"VhostUserSwitch: {sockets.Length} ports");
        await Task.WhenAny(serving);
        await ending.CancelAsync();
        await telling;
        await Task.WhenAll(serving);
        Console.WriteLine("VhostUserSwitch: stopped");
        return 0;
    }
    catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
    {
        return Fail(e.Message);
    }
    finally
    {
        Array.ForEach(backends, backend => backend.Dispose());
    }
}

static VhostUserBackend Plug(SwitchPort port, int index, string name)
{
    // Addresses of our own (the second bit of the first byte). QEMU gives its guests its own, and asks for none.
    var device = new NetworkDevice(port, new PhysicalAddress([0x02, 0x4E, 0x75, 0x62, (byte)(index >> 8), (byte)index]));
    var backend = new VhostUserBackend(device);
    backend.Connected += (_, e) => Console.WriteLine($"{name}: connection {e.Connection.Number}");
    backend.QueueFailed += (_, e) => Console.WriteLine($"{name}: queue {e.QueueIndex} stands still: {(e.Exception is { } thrown ? thrown.Message : e.Error.ToString())}");
    backend.Disconnected += (_, e) => Console.WriteLine($"{name}: connection {e.Connection.Number} has ended{(e.Connection.Refusal is { } refusal ? $": {refusal.Error}, {refusal.Message}" : "")}");
    return backend;
}

static async Task TellAsync(SwitchPort[] ports, CancellationToken cancellation)
{
    using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
    try
    {
        while (await second.WaitForNextTickAsync(cancellation))
        {
            Array.ForEach(ports, port => port.Tell());
        }
    }
    catch (OperationCanceledException)
    {
        // Ctrl+C.
    }
}

static int Fail(string reason)
{
    Console.Error.WriteLine($"VhostUserSwitch: {reason}");
    return 1;
}
