using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// The front end's log of the pages that the device writes, for a live migration (vhost-user, "Migration"): a bit for each 4,096 bytes from guest address 0. The
/// device marks a bitmap of our own, which goes to the log 50 times a second and whenever a ring is stopped; the log is only ever written.
/// </summary>
internal sealed class WriteLog : IDisposable
{
    private const ulong PageSize = 4096;

    /// <summary>The most guest memory that is tracked, 1 TiB: our own bitmap of it takes 32 MiB.</summary>
    private const ulong MaxCovered = 1ul << 40;

    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly HostSharedMemory _memory;
    private readonly Timer _timer;
    private GuestAddressSpace? _space;
    private DirtyBitmap? _bitmap;
    private ulong[] _words = [];

    private WriteLog(HostSharedMemory memory)
    {
        _memory = memory;
        _timer = new Timer(static log => ((WriteLog)log!).Flush(), this, Timeout.Infinite, Timeout.Infinite);
    }

    public static WriteLog Open(MessageReader message, in LogDescription description, SafeFileHandle file, bool allowUnsealed)
    {
        // Whole words, since it is written by atomics on them.
        if (description.Size == 0 || description.Size % sizeof(ulong) != 0 || description.Offset % sizeof(ulong) != 0 || description.Size > long.MaxValue || description.Offset > long.MaxValue)
        {
            throw message.Refusal(VhostUserError.LogInvalid, $"a log of {description.Size} bytes at {description.Offset}: both are multiples of 8, and not 0.", description.Size, sizeof(ulong));
        }

        // A log larger than what is tracked is never written to its end.
        return new WriteLog(message.OpenMemory(file, description.Offset, description.Size, allowUnsealed, "the log", VhostUserError.LogInvalid, VhostUserError.LogInvalid));
    }

    /// <summary>Begins to log what is written to the memory, or goes on after the memory has changed.</summary>
    public void Begin(MessageReader message, FrontEndMemory memory)
    {
        ulong end = memory.HighestEnd;
        ulong covered = end > ulong.MaxValue - PageSize ? ulong.MaxValue : (end + PageSize - 1) / PageSize * PageSize;
        if (covered > MaxCovered || (covered / PageSize + 7) / 8 > _memory.Size)
        {
            throw message.Refusal(VhostUserError.LogInvalid,
                $"a log of {_memory.Size} bytes for guest memory that ends at 0x{end:X}: it has a bit for each {PageSize} bytes, of at most 2^40.", _memory.Size, (covered / PageSize + 7) / 8);
        }

        lock (_gate)
        {
            FlushNow();
            if (_bitmap?.Length != covered)
            {
                _bitmap = new DirtyBitmap(0, covered, PageSize);
                _words = new ulong[_bitmap.WordCount];
            }

            _space = memory.Space;
            _space.TrackWrites(_bitmap);
            _timer.Change(s_period, s_period);
        }
    }

    /// <summary>Ends the logging, after what was marked has gone to the log.</summary>
    public void End()
    {
        lock (_gate)
        {
            _timer.Change(Timeout.Infinite, Timeout.Infinite);
            _space?.TrackWrites(null);
            FlushNow();
            _space = null;
            _bitmap = null;
        }
    }

    /// <summary>Takes what was marked to the log.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            FlushNow();
        }
    }

    public void Dispose()
    {
        End();
        _timer.Dispose();
        _memory.Dispose();
    }

    private void FlushNow()
    {
        if (_bitmap is null || _bitmap.Take(_words) == 0)
        {
            return;
        }

        for (int i = 0; i < _words.Length; i++)
        {
            // The front end clears bits meanwhile. Where it has taken the log away there is nothing to report.
            if (_words[i] != 0)
            {
                _ = _memory.TryOr((ulong)i * sizeof(ulong), _words[i], out _);
            }
        }
    }
}
