namespace Nub.Memory;

/// <summary>
/// How pages are used: whether spans of them are out, and whether a guest writes them where others look at them. The one excludes the other. A snapshot and all
/// views of it have one, because what is written through the snapshot shows in each page that a view has not written.
/// </summary>
internal sealed class PageUse
{
    private SpinGate _gate;
    private int _spans;
    private volatile bool _isWritten;

    /// <summary>Whether a guest may write the pages.</summary>
    public bool IsWritten => _isWritten;

    /// <summary>Notes that spans are handed out, unless a guest may write the pages.</summary>
    /// <returns>Whether they may be.</returns>
    public bool TryAddSpans(int count)
    {
        bool isAdded = false;
        try
        {
        }
        finally
        {
            _gate.Enter();
            isAdded = !_isWritten;
            _spans += isAdded ? count : 0;
            _gate.Exit();
        }

        return isAdded;
    }

    /// <summary>Notes that spans have ended.</summary>
    public void RemoveSpans(int count)
    {
        try
        {
        }
        finally
        {
            _gate.Enter();
            _spans -= count;
            _gate.Exit();
        }
    }

    /// <summary>Notes that a guest is to write the pages, unless spans of them are out.</summary>
    /// <returns>Whether it may.</returns>
    public bool TryBeginWriting()
    {
        bool isWritten = false;
        try
        {
        }
        finally
        {
            _gate.Enter();
            isWritten = _spans == 0;
            _isWritten |= isWritten;
            _gate.Exit();
        }

        return isWritten;
    }

    /// <summary>The pages could not be made writable after all.</summary>
    public void EndWriting() => _isWritten = false;
}
