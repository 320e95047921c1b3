using System.Diagnostics;
using System.Numerics;

namespace Nub.Kvm;

/// <summary>
/// Which pages of a slot a guest has written, to be read into again and again (<see cref="MemorySlot.ReadDirtyPages"/>). One thread at a
/// time.
/// </summary>
[DebuggerDisplay("{Count} of {PageCount} pages")]
[DebuggerTypeProxy(typeof(DirtyPageSetProxy))]
public sealed class DirtyPageSet
{
    private ulong[] _words = [];
    private ulong _pageCount;

    /// <summary>How many pages are dirty.</summary>
    public ulong Count { get; private set; }

    /// <summary>How many pages the slot has.</summary>
    public ulong PageCount => _pageCount;

    /// <summary>Whether a page is dirty.</summary>
    /// <param name="page">The page, from 0: its offset in the slot divided by 4,096.</param>
    /// <returns>Whether it is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The slot has no such page.</exception>
    public bool Contains(ulong page)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(page, _pageCount);
        return (_words[page / 64] >> (int)(page % 64) & 1) != 0;
    }

    /// <summary>Enumerates the dirty pages in order. To be over before the set is read into again.</summary>
    /// <returns>The enumerator.</returns>
    public Enumerator GetEnumerator() => new(_words.AsSpan(0, (int)((_pageCount + 63) / 64)));

    /// <summary>Makes room for a slot.</summary>
    /// <returns>Where the kernel writes a bit for each page.</returns>
    internal Span<ulong> Prepare(ulong pageCount)
    {
        int words = checked((int)((pageCount + 63) / 64));
        if (_words.Length < words)
        {
            _words = new ulong[words];
        }

        _pageCount = pageCount;
        Count = 0;
        return _words.AsSpan(0, words);
    }

    /// <summary>The kernel has written the bits.</summary>
    internal void Complete()
    {
        foreach (ulong word in _words.AsSpan(0, (int)((_pageCount + 63) / 64)))
        {
            Count += (ulong)BitOperations.PopCount(word);
        }
    }

    /// <summary>Adds a page of the slot that room was made for.</summary>
    internal void Add(ulong page)
    {
        if (!Contains(page))
        {
            _words[page / 64] |= 1UL << (int)(page % 64);
            Count++;
        }
    }

    /// <summary>Forgets the pages.</summary>
    internal void Clear()
    {
        Array.Clear(_words);
        Count = 0;
    }

    /// <summary>Enumerates dirty pages.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<ulong> _words;
        private int _next;
        private ulong _rest;

        internal Enumerator(ReadOnlySpan<ulong> words) => _words = words;

        /// <summary>The page, from 0: its offset in the slot divided by 4,096.</summary>
        public ulong Current { get; private set; }

        /// <summary>Goes to the next dirty page.</summary>
        /// <returns>Whether there is one.</returns>
        public bool MoveNext()
        {
            while (_rest == 0)
            {
                if (_next == _words.Length)
                {
                    return false;
                }

                _rest = _words[_next++];
            }

            Current = (ulong)(_next - 1) * 64 + (ulong)BitOperations.TrailingZeroCount(_rest);
            _rest &= _rest - 1;
            return true;
        }
    }
}
