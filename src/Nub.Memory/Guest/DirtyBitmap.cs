using System.Diagnostics;
using System.Numerics;

namespace Nub.Memory;

/// <summary>
/// Which pages of a range of guest addresses the host wrote: a bit for each. Attached to a space by <see cref="GuestAddressSpace.TrackWrites"/>, and with the
/// hypervisor's own log of the guest's writes, it says what a migration or a snapshot has to copy again.
/// </summary>
/// <remarks>
/// A bit is set after the bytes were written. So a caller that takes the bits first and copies the pages afterwards misses nothing: a write that the copy did not see
/// sets its bit again. Every member may be called from any thread at any time.
/// </remarks>
[DebuggerDisplay("{PageCount} pages of {PageSize} bytes from guest address {GuestAddress}")]
public sealed class DirtyBitmap
{
    private const int BitsPerWord = 64;

    private readonly ulong[] _words;
    private readonly int _pageShift;

    /// <summary>Creates a bitmap in which no page is dirty.</summary>
    /// <param name="guestAddress">The first guest address of the range: a multiple of the page size.</param>
    /// <param name="length">The length of the range in bytes: a multiple of the page size, at least one page. The bitmap takes a bit for each page.</param>
    /// <param name="pageSize">The size of a page in bytes: a power of two of at least 512; KVM's log has 4,096.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The page size is no such power, the range is empty, not made of whole pages, ends beyond 2^64, or has more pages than an array can have bits (2^37).
    /// </exception>
    public DirtyBitmap(ulong guestAddress, ulong length, ulong pageSize = 4096)
    {
        if (!BitOperations.IsPow2(pageSize) || pageSize < 512)
        {
            throw new ArgumentOutOfRangeException(nameof(pageSize), pageSize, "The page size must be a power of two, and at least 512 bytes.");
        }

        if (guestAddress % pageSize != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(guestAddress), guestAddress, $"0x{guestAddress:X} is not a multiple of the page size, {pageSize} bytes.");
        }

        if (length == 0 || length % pageSize != 0 || length - 1 > ulong.MaxValue - guestAddress || length / pageSize / BitsPerWord > (ulong)Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length,
                $"A range of {length} bytes at 0x{guestAddress:X} cannot be tracked in pages of {pageSize} bytes: it must be made of whole pages, end within 2^64, and have at most 2^37 of them.");
        }

        GuestAddress = guestAddress;
        Length = length;
        PageSize = pageSize;
        _pageShift = BitOperations.Log2(pageSize);
        _words = new ulong[(PageCount + BitsPerWord - 1) / BitsPerWord];
    }

    /// <summary>The first guest address of the range.</summary>
    public ulong GuestAddress { get; }

    /// <summary>The length of the range in bytes.</summary>
    public ulong Length { get; }

    /// <summary>The size of a page in bytes.</summary>
    public ulong PageSize { get; }

    /// <summary>The number of pages of the range.</summary>
    public ulong PageCount => Length >> _pageShift;

    /// <summary>The number of 64-bit words that <see cref="Read"/> and <see cref="Take(Span{ulong})"/> fill: bit b of word w is page 64 w + b.</summary>
    public int WordCount => _words.Length;

    /// <summary>Whether the page of a guest address is dirty; an address outside of the range never is.</summary>
    /// <param name="guestAddress">Any address of the page.</param>
    /// <returns>Whether it is.</returns>
    public bool IsDirty(ulong guestAddress)
    {
        ulong offset = unchecked(guestAddress - GuestAddress);
        if (offset >= Length)
        {
            return false;
        }

        ulong page = offset >> _pageShift;
        return (Volatile.Read(ref _words[page / BitsPerWord]) & 1UL << (int)(page % BitsPerWord)) != 0;
    }

    /// <summary>Marks the pages that a range of guest addresses touches. What lies outside of the bitmap's range is left out.</summary>
    /// <param name="guestAddress">The first address.</param>
    /// <param name="length">The number of bytes; of 0 nothing is marked.</param>
    public void Mark(ulong guestAddress, ulong length)
    {
        // The last addresses instead of the ends, which may be 2^64.
        ulong last = guestAddress + Math.Min(length - 1, ulong.MaxValue - guestAddress);
        ulong lastOfRange = GuestAddress + (Length - 1);
        if (length == 0 || last < GuestAddress || guestAddress > lastOfRange)
        {
            return;
        }

        ulong page = (Math.Max(guestAddress, GuestAddress) - GuestAddress) >> _pageShift;
        ulong lastPage = (Math.Min(last, lastOfRange) - GuestAddress) >> _pageShift;
        while (true)
        {
            ulong lastOfWord = page | (BitsPerWord - 1);
            ulong mask = ulong.MaxValue << (int)(page % BitsPerWord);
            if (lastPage < lastOfWord)
            {
                mask &= ulong.MaxValue >> (int)(lastOfWord - lastPage);
            }

            // Most writes go to pages that are marked already: these cost no atomic.
            ref ulong word = ref _words[page / BitsPerWord];
            if ((Volatile.Read(ref word) & mask) != mask)
            {
                Interlocked.Or(ref word, mask);
            }

            if (lastPage <= lastOfWord)
            {
                return;
            }

            page = lastOfWord + 1;
        }
    }

    /// <summary>Copies the bits and leaves them.</summary>
    /// <param name="words">Where they go: at least <see cref="WordCount"/> words.</param>
    /// <exception cref="ArgumentException">There are fewer.</exception>
    public void Read(Span<ulong> words)
    {
        CheckRoom(words);
        for (int i = 0; i < _words.Length; i++)
        {
            words[i] = Volatile.Read(ref _words[i]);
        }
    }

    /// <summary>Copies the bits and clears them, word by word in one step: a bit that is set meanwhile is either copied or stays.</summary>
    /// <param name="words">Where they go: at least <see cref="WordCount"/> words.</param>
    /// <returns>The number of pages that were dirty.</returns>
    /// <exception cref="ArgumentException">There are fewer words.</exception>
    public ulong Take(Span<ulong> words)
    {
        CheckRoom(words);
        return Take(GuestAddress, Length, words);
    }

    /// <summary>Copies the bits of a part of the range and clears them, as <see cref="Take(Span{ulong})"/> does for all: for one of several slots or regions.</summary>
    /// <param name="guestAddress">The first address of the part: the first byte of a page.</param>
    /// <param name="length">The length of the part in bytes: whole pages.</param>
    /// <param name="words">Where the bits go: bit b of word w is page 64 w + b of the part. A word for each 64 pages begun.</param>
    /// <returns>The number of pages that were dirty.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part is not made of whole pages, or leaves the bitmap's range.</exception>
    /// <exception cref="ArgumentException">There are fewer words.</exception>
    public ulong Take(ulong guestAddress, ulong length, Span<ulong> words)
    {
        ulong offset = unchecked(guestAddress - GuestAddress);
        if (offset % PageSize != 0 || length % PageSize != 0 || offset > Length || length > Length - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(guestAddress), guestAddress,
                $"{length} bytes at 0x{guestAddress:X} are not whole pages of {PageSize} bytes within the {Length} bytes at 0x{GuestAddress:X}.");
        }

        ulong page = offset >> _pageShift;
        ulong count = length >> _pageShift;
        if ((ulong)words.Length < (count + BitsPerWord - 1) / BitsPerWord)
        {
            throw new ArgumentException($"The bits of {count} pages do not fit into {words.Length} words.", nameof(words));
        }

        ulong pages = 0;
        for (int i = 0; count != 0; i++)
        {
            int bits = (int)Math.Min(count, BitsPerWord);
            words[i] = TakeBits(page, bits);
            pages += (ulong)BitOperations.PopCount(words[i]);
            page += (ulong)bits;
            count -= (ulong)bits;
        }

        // A writer whose page was marked already has set no bit, and its bytes may still be on their way to memory. From here on either they have
        // come there, or the writer looks at the word that was cleared and sets the bit again.
        Interlocked.MemoryBarrierProcessWide();
        return pages;
    }

    /// <summary>Clears the bits.</summary>
    public void Clear()
    {
        foreach (ref ulong word in _words.AsSpan())
        {
            if (Volatile.Read(ref word) != 0)
            {
                Interlocked.Exchange(ref word, 0);
            }
        }

        // As in Take.
        Interlocked.MemoryBarrierProcessWide();
    }

    /// <summary>Takes up to 64 bits, which may stand in two words.</summary>
    private ulong TakeBits(ulong page, int count)
    {
        ulong mask = ulong.MaxValue >> (BitsPerWord - count);
        int shift = (int)(page % BitsPerWord);
        ulong bits = TakeFrom(page / BitsPerWord, mask << shift) >> shift;
        return shift + count > BitsPerWord
            ? bits | TakeFrom(page / BitsPerWord + 1, mask >> (BitsPerWord - shift)) << (BitsPerWord - shift)
            : bits;
    }

    private ulong TakeFrom(ulong index, ulong mask)
    {
        ref ulong word = ref _words[index];
        return (Volatile.Read(ref word) & mask) == 0 ? 0 : Interlocked.And(ref word, ~mask) & mask;
    }

    private void CheckRoom(Span<ulong> words)
    {
        if (words.Length < _words.Length)
        {
            throw new ArgumentException($"The bits of {PageCount} pages take {_words.Length} words; there are {words.Length}.", nameof(words));
        }
    }
}
