using System.Diagnostics;

namespace Nub.Memory;

/// <summary>What a touch did.</summary>
internal enum ObservedKind : byte
{
    /// <summary>It read.</summary>
    Read,

    /// <summary>It wrote.</summary>
    Write,

    /// <summary>It read and wrote by one instruction.</summary>
    Atomic,
}

/// <summary>One touch of observed memory.</summary>
/// <param name="Kind">What it did.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many bytes, at least 1.</param>
/// <param name="Thread">The managed thread's id.</param>
/// <param name="Stack">Who did it, where that was asked for.</param>
internal readonly record struct ObservedTouch(ObservedKind Kind, ulong Offset, ulong Length, int Thread, StackTrace? Stack)
{
    public bool Reads => Kind != ObservedKind.Write;

    public bool Writes => Kind != ObservedKind.Read;

    public bool Covers(ulong offset) => offset - Offset < Length;
}

/// <summary>What was seen of one run, under its plan.</summary>
internal sealed class Observation(ObservationPlan plan, ulong size)
{
    private readonly List<ObservedTouch> _touches = [];
    private readonly bool[] _changed = new bool[size];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private int _admitted;

    public ObservationPlan Plan { get; } = plan;

    public List<ObservedTouch> Touches => _touches;

    /// <summary>Which bytes the guest has written last.</summary>
    public bool[] ChangedByGuest => _changed;

    /// <summary>Whether the limit was met, so that touches were refused.</summary>
    public bool WasStopped { get; private set; }

    /// <summary>What prevented a touch from being written down, or null.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What writing down allocated on the thread that began it, in bytes.</summary>
    public long Allocated { get; private set; }

    /// <summary>Whether one more touch is within the limit.</summary>
    public bool Admit()
    {
        if (_admitted >= Plan.Limit)
        {
            WasStopped = true;
            return false;
        }

        _admitted++;
        return true;
    }

    /// <summary>Writes down a touch that took place, and lets the guest answer. Never throws.</summary>
    public void Note(ObservedKind kind, ulong offset, ulong length, Span<byte> memory)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            StackTrace? stack = _touches.Count < Plan.Stacks ? new StackTrace(skipFrames: 2, fNeedFileInfo: true) : null;
            var touch = new ObservedTouch(kind, offset, length, Environment.CurrentManagedThreadId, stack);
            _touches.Add(touch);
            if (touch.Writes)
            {
                _changed.AsSpan((int)offset, (int)length).Clear();
            }

            Answer(touch, memory);
        }
        catch (Exception failure)
        {
            Failure = failure;
        }

        if (_thread == Environment.CurrentManagedThreadId)
        {
            Allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private void Answer(in ObservedTouch touch, Span<byte> memory)
    {
        if (Plan.InvertOnce is { } once && touch.Reads)
        {
            for (int at = (int)touch.Offset; at < (int)(touch.Offset + touch.Length); at++)
            {
                if (once[at])
                {
                    once[at] = false;
                    memory[at] ^= 0xFF;
                    _changed[at] = true;
                }
            }
        }

        foreach (GuestRule rule in Plan.Rules)
        {
            if (rule.IsDue(touch, _touches.Count))
            {
                rule.Apply(touch, memory, _changed);
                rule.FiredAt = _touches.Count - 1;
            }
        }
    }
}
