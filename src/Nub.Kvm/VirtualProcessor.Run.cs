using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

public sealed partial class VirtualProcessor
{
    // The bytes of an exit never leave the page of port data, or the eight bytes of MMIO data (api.rst, section 5).
    private const int MostData = 4096;

    private readonly byte[] _data = new byte[MostData];

    // Where the bytes that the guest reads are to be put before it is entered again; a length of 0 when it reads none.
    private ulong _answerOffset;
    private int _answerLength;

    // What the shared page has, so that it is written only when it changes.
    private byte _immediateExit;

    // The last exit was in the middle of an instruction, which the next entry is to finish.
    private bool _isExitUnfinished;

    /// <summary>Counts the runs, so that the data of an exit that is over is told from that of the present one.</summary>
    internal long Generation { get; private set; }

    /// <summary>
    /// Runs the guest until something happens that the host is to handle (KVM_RUN; api.rst, section 4.10). Nothing is allocated.
    /// </summary>
    /// <remarks>
    /// While the guest runs, every memory that is mapped in its machine is held: no thread can take it exclusively. The hold ends before
    /// this returns. A signal that was sent to the thread for another reason does not end the run.
    /// </remarks>
    /// <param name="cancellation">
    /// Stops the guest, from any thread, within milliseconds. A run that was cancelled is an exit and no exception: the guest can be run
    /// again.
    /// </param>
    /// <returns>Why the guest was left.</returns>
    /// <exception cref="SharedMemoryLockedException">One of the memories is held exclusively. The guest did not run.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">The kernel refused: EIO (5) in a process that was forked off the one which created the
    /// machine.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed, before or meanwhile.</exception>
    public VmExit Run(CancellationToken cancellation = default) => EnterGuest(toFinish: false, cancellation);

    /// <summary>
    /// Finishes the instruction of the last exit, for which a port or MMIO was read or written, without executing another: afterwards the
    /// registers are those behind it, and the processor's state can be saved (api.rst, section 5, on "complete pending operations").
    /// </summary>
    /// <returns>
    /// <see cref="VmExitReason.Cancelled"/> when it is finished; otherwise the next part of the same instruction, to be handled as an
    /// exit of <see cref="Run"/>.
    /// </returns>
    /// <inheritdoc cref="Run(CancellationToken)"/>
    public VmExit CompleteExit() => EnterGuest(toFinish: true, CancellationToken.None);

    /// <summary>The data of the exit of a run, if it is the last one.</summary>
    internal Span<byte> DataOf(long generation, int length) => generation == Generation
        ? _data.AsSpan(0, length)
        : throw new InvalidOperationException("The processor has run since: the data of the exit is over.");

    private VmExit EnterGuest(bool toFinish, CancellationToken cancellation)
    {
        Enter(running: true);
        try
        {
            _memory.EnterGuest();
            try
            {
                // From here on the exit before is over: its data is written back once.
                Generation++;
                WriteAnswer();
                if (toFinish)
                {
                    SetImmediateExit(1);
                }

                CancellationTokenRegistration registration = cancellation.UnsafeRegister(static processor => ((VirtualProcessor)processor!).Cancel(), this);
                try
                {
                    VmExit exit = RunUntilExit(toFinish, cancellation);
                    LastExit = exit.Reason;
                    MachineCounts.Exit(Id, exit.Reason);
                    return exit;
                }
                finally
                {
                    // Waits for a cancellation under way, before another thread can use the processor: that one's run it would stop for good.
                    Uninterrupted.End(registration);
                }
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

    private VmExit RunUntilExit(bool toFinish, CancellationToken cancellation)
    {
        while (true)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (cancellation.IsCancellationRequested)
            {
                return new VmExit(this, VmExitReason.Cancelled, ExitNumber.Interrupted);
            }

            // A kick from here on is not lost: it sets immediate_exit before it sends the signal, and the kernel looks at immediate_exit
            // after it has begun to notice signals.
            if (LibC.Run(_number, Requests.Run.Number, 0) >= 0)
            {
                _isExitUnfinished = false;
                return ReadExit();
            }

            int errorCode = Marshal.GetLastSystemError();
            switch (errorCode)
            {
                case LibC.Interrupted:
                    _isExitUnfinished = false;
                    if (toFinish)
                    {
                        return new VmExit(this, VmExitReason.Cancelled, ExitNumber.Interrupted);
                    }

                    break;
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
        using (Uninterrupted.Enter(_gate))
        {
            if (!_running)
            {
                return;
            }

            Kick();
        }

        TellKicked();
    }

    // Under the gate, and while a thread is in Run: it cannot end before the gate is left.
    private void Kick()
    {
        SetImmediateExit(1);
        KickSignal.Send(_user);
    }

    // Without the gate: a listener may wait for another user of the processor.
    private void TellKicked()
    {
        if (NubKvmEventSource.Log.IsEnabled())
        {
            NubKvmEventSource.Log.ProcessorKicked((int)Id);
        }
    }

    // The kernel reads it and never writes it. It is set to 0 under the gate before the processor runs; until it has run,
    // it is only set to 1. Noted when it was written, which may find no memory for the access.
    private void SetImmediateExit(byte value)
    {
        if (_immediateExit != value)
        {
            RunHeader.View header = RunHeader.At(_page, 0);
            header.ImmediateExit = value;
            _immediateExit = value;
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
