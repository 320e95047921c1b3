namespace Nub.Memory;

// Spans of the bytes, and guests that write them through a snapshot: the one excludes the other.
internal abstract partial class HostMapping
{
    // The use of the pages that show the bytes while these are unwritten, and how many spans are this mapping's: they go with it when it becomes a view.
    private PageUse _use = new();
    private SpinGate _gate;
    private int _spans;

    /// <summary>Whether a guest may write the bytes through a snapshot: this one, or one that this is a view of.</summary>
    public bool IsWrittenThrough => Volatile.Read(ref _use).IsWritten;

    /// <summary>Makes a frozen snapshot writable again, for a guest that is to write through to every sharer. The caller holds it exclusively.</summary>
    /// <exception cref="InvalidOperationException">A span of it, or of a view of it, is out.</exception>
    /// <exception cref="SharedMemoryMapException">The file was opened for reading.</exception>
    public void MakeWritable()
    {
        bool wasWritten = IsWrittenThrough;

        // First, so that no view takes a copy of what is being written for the snapshot.
        if (!_use.TryBeginWriting())
        {
            throw new InvalidOperationException("A span over this memory, or over a view of it, was handed out, so a guest must not write the bytes under it.");
        }

        bool isDone = false;
        try
        {
            Unprotect();
            isDone = true;
        }
        finally
        {
            if (!isDone && !wasWritten)
            {
                _use.EndWriting();
            }
        }
    }

    /// <summary>Notes that a span is handed out: until <see cref="RemoveSpan"/>, or the mapping's end, no guest writes through the snapshot that this is, or is a view of.</summary>
    /// <returns>Whether it may be: no guest writes.</returns>
    public virtual bool TryAddSpan()
    {
        bool isAdded = false;
        try
        {
        }
        finally
        {
            _gate.Enter();
            isAdded = _use.TryAddSpans(1);
            _spans += isAdded ? 1 : 0;
            _gate.Exit();
        }

        return isAdded;
    }

    /// <summary>Notes that a span has ended.</summary>
    public void RemoveSpan()
    {
        try
        {
        }
        finally
        {
            _gate.Enter();
            _use.RemoveSpans(1);
            _spans--;
            _gate.Exit();
        }
    }

    /// <summary>Makes the pages of a snapshot writable.</summary>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    protected abstract void Unprotect();

    /// <summary>Notes that bytes that are not written are a snapshot's from now on: the spans that are out are spans of its pages, too.</summary>
    /// <param name="snapshot">The snapshot, which no guest can begin to write meanwhile; <see langword="null"/> where the bytes are the mapping's own again.</param>
    protected void BeViewOf(HostMapping? snapshot)
    {
        PageUse use = snapshot?._use ?? new PageUse();
        try
        {
        }
        finally
        {
            _gate.Enter();
            _ = use.TryAddSpans(_spans);
            _use.RemoveSpans(_spans);
            Volatile.Write(ref _use, use);
            _gate.Exit();
        }
    }
}
