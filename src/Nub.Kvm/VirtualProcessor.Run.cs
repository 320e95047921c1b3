using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

public sealed partial class VirtualProcessor
{
    // The bytes of an exit never leave the page of port data, or the eight bytes of MMIO data (api.rst, section 5).
    private const int MostData = 4096;

    private static readonly Action<object?> s_cancel = static processor => ((VirtualProcessor)processor!).Cancel();

    private readonly byte[] _data = new byte[MostData];

    // Where the bytes that the guest reads are to be put before it is entered again; a length of 0 when it reads none.
    private ulong _answerOffset;
    private int _answerLength;

    /// <summary>Counts the runs, so that the data of an exit that is over is told from that of the present one.</summary>
    internal long Generation { get; private set; }

    /// <summary>
    /// Runs the guest until something happens that the host is to handle (KVM_RUN; api.rst, section 4.10). Nothing is allocated.
    /// </summary>
    /// <remarks>
    /// While the guest runs, every memory that is mapped in its machine is held: nobody can take it exclusively. The hold ends before this returns.
    /// A signal that nobody meant for the guest does not end the run.
    /// </remarks>
    /// <param name="cancellation">
    /// Stops the guest, from any thread, within milliseconds. A run that was cancelled is an exit and no exception: the guest can be run again.
    /// </param>
    /// <returns>Why the guest was left.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds one of the memories exclusively. The guest did not run.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">The kernel refused: EIO (5) in a process that was forked off the one which created the machine.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed, before or meanwhile.</exception>
    public VmExit Run(CancellationToken cancellation = default)
    {
        Enter(running: true);
        try
        {
            _memory.EnterGuest();
            try
            {
                // Whatever goes wrong from here on, the exit before is over: its data is written back once.
                Generation++;
                WriteAnswer();

                // Disposed, which waits for a cancellation under way, before anybody else can use the processor.
                using CancellationTokenRegistration registration = cancellation.UnsafeRegister(s_cancel, this);
                return RunUntilExit(cancellation);
            }
            finally
            {
                _memory.LeaveGuest();
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>The data of the exit of a run, if it is the last one.</summary>
    internal Span<byte> DataOf(long generation, int length) => generation == Generation
        ? _data.AsSpan(0, length)
        : throw new InvalidOperationException("The processor has run since: the data of the exit is over.");

    private VmExit RunUntilExit(CancellationToken cancellation)
    {
        while (true)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (cancellation.IsCancellationRequested)
            {
                return new VmExit(this, VmExitReason.Cancelled, RunPage.ExitInterrupted);
            }

            // A kick from here on is not lost: it sets immediate_exit before it sends the signal, and the kernel looks at immediate_exit
            // after it has begun to notice signals.
            if (LibC.IoControl(_descriptor, Requests.Run.Number, 0) >= 0)
            {
                return ReadExit();
            }

            int errorCode = Marshal.GetLastPInvokeError();
            switch (errorCode)
            {
                case LibC.Interrupted:
                case LibC.TryAgain: // A processor that waits to be started by another one was woken.
                    break;
                case LibC.Fault:
                    return ReadFault();
                default:
                    throw new KvmException(Requests.Run.Name, errorCode, $"virtual processor {Id}");
            }
        }
    }

    private void Cancel()
    {
        lock (_gate)
        {
            if (_running)
            {
                Kick();
            }
        }
    }

    // Under the gate, and while a thread is in Run: it cannot end before the gate is left.
    private void Kick()
    {
        _page.Write<byte>(RunPage.ImmediateExit, 1);
        KickSignal.Send(_user);
        if (NubKvmEventSource.Log.IsEnabled())
        {
            NubKvmEventSource.Log.ProcessorKicked((int)Id);
        }
    }

    private void WriteAnswer()
    {
        if (_answerLength > 0)
        {
            _page.CopyFrom(_answerOffset, _data.AsSpan(0, _answerLength));
            _answerLength = 0;
        }
    }
}
