namespace Nub.Kvm;

/// <summary>
/// Waits that <see cref="Thread.Interrupt"/> does not end, for what gives something back: no other call would. An interrupt that comes meanwhile is
/// left for the thread's next wait.
/// </summary>
internal static class Uninterrupted
{
    /// <summary>Takes a lock, and holds it until the result is disposed.</summary>
    public static Hold Enter(Lock gate) => gate.TryEnter() ? new Hold(gate, isInterrupted: false) : EnterSlow(gate);

    /// <summary>Ends a registration, and waits for its callback if that is under way.</summary>
    public static void End(in CancellationTokenRegistration registration)
    {
        bool isInterrupted = false;
        while (true)
        {
            try
            {
                registration.Dispose();
                break;
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        }

        if (isInterrupted)
        {
            Thread.CurrentThread.Interrupt();
        }
    }

    private static Hold EnterSlow(Lock gate)
    {
        bool isInterrupted = false;
        while (true)
        {
            try
            {
                gate.Enter();
                return new Hold(gate, isInterrupted);
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        }
    }

    /// <summary>A lock that is held.</summary>
    internal readonly ref struct Hold(Lock gate, bool isInterrupted) : IDisposable
    {
        /// <summary>Gives the lock back.</summary>
        public void Dispose()
        {
            gate.Exit();
            if (isInterrupted)
            {
                Thread.CurrentThread.Interrupt();
            }
        }
    }
}
