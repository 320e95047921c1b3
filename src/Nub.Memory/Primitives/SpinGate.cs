namespace Nub.Memory;

/// <summary>
/// A lock for a few stores that neither allocate nor throw. Unlike the runtime's locks it allocates nothing itself and cannot be
/// interrupted, so a finalizer may take it and an access cannot fail in it.
/// </summary>
/// <remarks>
/// Hold it inside of a <see langword="finally"/> block, which the runtime does not abort (ControlledExecution.Run), so that
/// it is always given back.
/// </remarks>
internal struct SpinGate
{
    private int _held;

    public void Enter()
    {
        while (Interlocked.Exchange(ref _held, 1) != 0)
        {
            // Yielding, unlike sleeping, is not interrupted by Thread.Interrupt.
            if (!Thread.Yield())
            {
                Thread.SpinWait(16);
            }
        }
    }

    public void Exit() => Volatile.Write(ref _held, 0);
}
