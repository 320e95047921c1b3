using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// Reads what a driver has put into a chain, from one buffer into the next as if they were one. Each byte is read once; nothing beyond the chain's readable bytes is ever touched.
/// </summary>
/// <remarks>
/// A <c>Try</c> form is <see langword="false"/> where the chain has fewer bytes left, or where some of them are not mapped or are gone; then nothing was consumed.
/// </remarks>
public readonly struct ChainReader
{
    private readonly ChainState? _state;
    private readonly uint _generation;

    internal ChainReader(ChainState state, uint generation)
    {
        _state = state;
        _generation = generation;
    }

    /// <summary>The bytes that are left to read.</summary>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public ulong Remaining => State.Reader.Remaining;

    private ChainState State => DescriptorChain.Live(_state, _generation);

    /// <summary>Reads a value, wherever the driver has divided it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when it was not read.</param>
    /// <returns>Whether it was read.</returns>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public bool TryRead<[AllValid] T>(out T value) where T : unmanaged
    {
        ChainState state = State;
        ulong size = (ulong)Unsafe.SizeOf<T>();
        if (state.Reader.Remaining >= size && !state.Queue.IsClosed)
        {
            GuestRange first = state.Ranges[state.Reader.Index];
            if (first.Length >= size)
            {
                if (state.Memory.TryRead(first.Address, out value))
                {
                    state.Reader.Advance(state.Ranges, size);
                    return true;
                }

                // Of two regions that follow one another, which a value may not run through.
            }

            return TryGather(out value);
        }

        value = default;
        return false;
    }

    /// <summary>Copies the next bytes out.</summary>
    /// <param name="destination">Where to; all of it is filled.</param>
    /// <returns>Whether it was.</returns>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public bool TryCopyTo(Span<byte> destination)
    {
        ChainState state = State;
        ulong length = (ulong)destination.Length;
        if (length > state.Reader.Remaining || state.Queue.IsClosed)
        {
            return false;
        }

        for (int index = state.Reader.Index; !destination.IsEmpty; index++)
        {
            GuestRange range = state.Ranges[index];
            int part = (int)Math.Min((ulong)destination.Length, range.Length);
            if (!state.Memory.TryCopyTo(range.Address, destination[..part]))
            {
                return false;
            }

            destination = destination[part..];
        }

        Advance(state, length);
        return true;
    }

    /// <summary>Passes over bytes.</summary>
    /// <param name="length">How many.</param>
    /// <returns>Whether there are so many.</returns>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public bool TrySkip(ulong length)
    {
        ChainState state = State;
        if (length > state.Reader.Remaining)
        {
            return false;
        }

        Advance(state, length);
        return true;
    }

    /// <summary>Writes the next bytes to a file, straight from the driver's buffers, many of them in one system call.</summary>
    /// <param name="file">The file, open for writing.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="moved">How many were written and consumed: <paramref name="length"/>, or fewer where the result is <see langword="false"/>.</param>
    /// <returns>Whether all were.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    /// <exception cref="ObjectDisposedException">The file or the memory was disposed.</exception>
    public bool TryWriteTo(SafeFileHandle file, long position, ulong length, out ulong moved)
    {
        ChainState state = State;
        if (length > state.Reader.Remaining || state.Queue.IsClosed)
        {
            moved = 0;
            return false;
        }

        bool succeeded = state.Memory.TryWriteTo(file, position, state.Reader.Next(state.Ranges, length), length, out moved);
        Advance(state, moved);
        return succeeded && moved == length;
    }

    private static void Advance(ChainState state, ulong length)
    {
        if (length != 0)
        {
            state.Reader.Advance(state.Ranges, length);
        }
    }

    [SkipLocalsInit]
    private bool TryGather<[AllValid] T>(out T value) where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        Span<byte> copy = size <= 256 ? stackalloc byte[256] : new byte[size];
        copy = copy[..size];
        bool copied = TryCopyTo(copy);
        value = copied ? SharedBytes.Read<T>(copy) : default;
        return copied;
    }
}
