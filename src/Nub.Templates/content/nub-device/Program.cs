using Nub.Virtio;

var device = new SquareDevice(limit: 1000);

// Without arguments: tried by a driver of our own.
if (args is not [string socket])
{
    using var driver = new TestDriver(device);
    Console.WriteLine($"7: {driver.Ask(7)}");
    Console.WriteLine($"2000: {driver.Ask(2000)?.ToString() ?? "refused"}");
    Console.WriteLine("To serve it: dotnet run -- /tmp/square.sock");
    return;
}

// With a socket: served to one front end after another until Ctrl+C. QEMU's, where it has the device: -device vhost-user-test-device-pci,chardev=c,virtio-id=255,num_vqs=1,config_size=4.
using var end = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    end.Cancel();
};
using var backend = new VhostUserBackend(device);
backend.Disconnected += (_, gone) => Console.WriteLine($"A front end has gone. {gone.Connection.Refusal?.Message}");
backend.QueueFailed += (_, failed) => Console.WriteLine($"Queue {failed.QueueIndex} stands still: {failed.Exception?.Message ?? failed.Error.ToString()}");
Console.WriteLine($"Listening at {socket}.");
await backend.ListenAsync(socket, end.Token);
