using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace Nub.Memory.Attack;

/// <summary>
/// What listens to the library is the user's code, which runs in between: it throws, waits for other threads, or comes back in. No memory is lost by it, and none stays held.
/// </summary>
internal static class Listening
{
    private const string Meter = "Nub.Memory";
    private const int Instruments = 8;

    /// <summary>Argument: throws, waits or nests, what a listener does when it is told of an instrument. The first memory of the process tells it.</summary>
    public static void ToMeter(string[] args)
    {
        int told = 0, served = 0;
        using (var listener = new MeterListener())
        {
            listener.InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name != Meter)
                {
                    return;
                }

                told++;
                switch (args)
                {
                    case ["throws"]:
                        throw new InvalidOperationException("The listener's own fault.");
                    case ["waits"]:
                        Judge.OnThread(UseOne);
                        served++;
                        break;
                    default:
                        UseOne();
                        served++;
                        break;
                }
            };
            listener.Start();
            UseOne();
        }

        UseOne();
        Judge.Require(told == Instruments, $"the listener was told of {told} instruments");
        Judge.Require(args is ["throws"] || served == Instruments, $"the listener could have {served} memories, one for each instrument");
        int seen = 0;
        using var other = new MeterListener { InstrumentPublished = (instrument, _) => seen += instrument.Meter.Name == Meter ? 1 : 0 };
        other.Start();
        Judge.Require(seen == Instruments, $"another listener sees {seen} instruments");
    }

    /// <summary>Each event's handler uses the memory, claims it, disposes it, and throws.</summary>
    public static void ToEvents(string[] args)
    {
        using var listener = new Handler();
        for (int i = 0; i < 6; i++)
        {
            (HostSharedMemory memory, GuestSharedMemory guest) = new ExclusiveSharedMemory(8192).Build();
            using HostSharedMemory kept = memory.Clone();
            nint address = kept.BaseAddress;
            listener.Victim = memory;
            listener.Handled = 0;
            _ = Refused(() => kept.TryRead<int>(8192, out _), i == 0)
                && Refused(() => kept.WithExclusivity(_ => kept.Read<int>(0)), i == 1)
                && Refused(() => kept.WithExclusivity(_ => kept.Enter().Dispose()), i == 2)
                && Refused(() => kept.StackAt(0, 64).TryPop(new byte[8], out _), i == 3)
                && Refused(() => { using HostLease lease = kept.Enter(); kept.WithExclusivity(static _ => { }); }, i == 4)
                && Refused(() => { using HostLease lease = kept.Enter(); kept.WithExclusivity(static _ => { }, TimeSpan.FromMilliseconds(1)); }, i == 5);
            listener.Victim = null;
            Judge.Require(listener.Handled > 0, "no event was handled");
            kept.WithExclusivity(static _ => { });
            Judge.Require(Judge.IsMapped(address), "the memory has gone under its owner");
            memory.Dispose();
            guest.Dispose();
            kept.Dispose();
            Judge.Require(!Judge.IsMapped(address), "the memory is still mapped after its last owner");
        }
    }

    private static bool Refused(Action action, bool isMeant)
    {
        if (isMeant)
        {
            try
            {
                action();
            }
            catch (SharedMemoryException)
            {
                // What is refused here is: the handler's own exception never comes out.
            }
        }

        return !isMeant;
    }

    private static void UseOne()
    {
        (HostSharedMemory memory, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        memory.Write(0, 1);
        memory.WithExclusivity(static _ => { });
        guest.Dispose();
        memory.Dispose();
    }

    private sealed class Handler : EventListener
    {
        private bool _inside;

        public HostSharedMemory? Victim { get; set; }

        public int Handled { get; set; }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == Meter)
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (Victim is not { } victim || _inside)
            {
                return;
            }

            _inside = true;
            Handled++;
            try
            {
                try
                {
                    victim.Write(0, 1L);
                    using HostLease lease = victim.Enter();
                    _ = lease.TryRead<long>(1 << 20, out _);
                }
                catch (SharedMemoryLockedException)
                {
                }

                try
                {
                    victim.WithExclusivity(static exclusive => exclusive.AsSpan(0, 8).Clear());
                }
                catch (SharedMemoryLockedException)
                {
                }

                victim.Dispose();
            }
            finally
            {
                _inside = false;
            }

            throw new InvalidOperationException("The handler's own fault.");
        }
    }
}
