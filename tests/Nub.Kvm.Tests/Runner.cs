namespace Nub.Kvm.Tests;

/// <summary>A thread that runs a guest once. It keeps what came of it, so that a test which fails meanwhile does not take the process with it.</summary>
internal sealed class Runner
{
    private readonly Thread _thread;

    private Runner(VirtualProcessor processor, CancellationToken stop) => _thread = new Thread(() =>
    {
        try
        {
            ThreadId = KickSignal.PrepareThisThread();
            Reason = processor.Run(stop).Reason;
        }
        catch (Exception thrown) when (thrown is ObjectDisposedException or InvalidOperationException or Nub.Memory.SharedMemoryException)
        {
            Thrown = thrown;
        }
    })
    {
        IsBackground = true,
    };

    public VmExitReason? Reason { get; private set; }

    public Exception? Thrown { get; private set; }

    public int ThreadId { get; private set; }

    public bool IsAlive => _thread.IsAlive;

    public static Runner Start(Guest guest, CancellationToken stop = default) => Start(guest.Processor, stop);

    public static Runner Start(VirtualProcessor processor, CancellationToken stop = default)
    {
        var runner = new Runner(processor, stop);
        runner._thread.Start();
        return runner;
    }

    public void Join() => Assert.True(_thread.Join(Patience.Limit), "The guest was not left.");
}
