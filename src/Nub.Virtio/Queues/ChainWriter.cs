using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// Writes into the buffers of a chain, from one into the next as if they were one. Nothing beyond the chain's writable bytes is ever touched.
/// </summary>
/// <remarks>
/// A <c>Try</c> form is <see langword="false"/> where the chain has fewer bytes left, or where some of them are not mapped, cannot be written or are gone; then nothing was consumed, though
/// some of the bytes may have been written.
/// </remarks>
public readonly struct ChainWriter
{
    private readonly ChainState? _state;
    private readonly uint _generation;

    internal ChainWriter(ChainState state, uint generation)
    {
        _state = state;
        _generation = generation;
    }

    /// <summary>The bytes that are left to write.</summary>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public ulong Remaining => State.Writer.Remaining;

    /// <summary>How many bytes were written, from the first writable one on up to the first that was passed over: what the driver is told.</summary>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public uint Written => State.Written;

    private ChainState State => DescriptorChain.Live(_state, _generation);

    /// <summary>Writes a value, wherever the driver has divided its room.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public bool TryWrite<[AllValid] T>(T value) where T : unmanaged
    {
        ChainState state = State;
        ulong size = (ulong)Unsafe.SizeOf<T>();
        if (state.Writer.Remaining < size || state.Queue.IsClosed)
        {
            return false;
        }

        GuestRange first = state.Ranges[state.Writer.Index];
        if (first.Length >= size && state.Memory.TryWrite(first.Address, value))
        {
            state.Passed(size, isWritten: true);
            return true;
        }

        return TryScatter(value);
    }

    /// <summary>Copies bytes in.</summary>
    /// <param name="source">The bytes.</param>
    /// <returns>Whether all were written.</returns>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public bool TryCopyFrom(ReadOnlySpan<byte> source)
    {
        ChainState state = State;
        ulong length = (ulong)source.Length;
        if (length > state.Writer.Remaining || state.Queue.IsClosed)
        {
            return false;
        }

        for (int index = state.Writer.Index; !source.IsEmpty; index++)
        {
            GuestRange range = state.Ranges[index];
            int part = (int)Math.Min((ulong)source.Length, range.Length);
            if (!state.Memory.TryCopyFrom(range.Address, source[..part]))
            {
                return false;
            }

            source = source[part..];
        }

        Pass(state, length, isWritten: true);
        return true;
    }

    /// <summary>Sets the next bytes.</summary>
    /// <param name="length">How many.</param>
    /// <param name="value">To what.</param>
    /// <returns>Whether all were set.</returns>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public bool TryFill(ulong length, byte value)
    {
        ChainState state = State;
        if (length > state.Writer.Remaining || state.Queue.IsClosed)
        {
            return false;
        }

        ulong left = length;
        for (int index = state.Writer.Index; left != 0; index++)
        {
            GuestRange range = state.Ranges[index];
            ulong part = Math.Min(left, range.Length);
            if (!state.Memory.TryFill(range.Address, part, value))
            {
                return false;
            }

            left -= part;
        }

        Pass(state, length, isWritten: true);
        return true;
    }

    /// <summary>Passes over bytes, which stay as they are. What is written behind them does not count as <see cref="Written"/>.</summary>
    /// <param name="length">How many.</param>
    /// <returns>Whether there are so many.</returns>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    public bool TrySkip(ulong length)
    {
        ChainState state = State;
        if (length > state.Writer.Remaining)
        {
            return false;
        }

        Pass(state, length, isWritten: false);
        return true;
    }

    /// <summary>Reads bytes from a file, straight into the driver's buffers, many of them in one system call.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="moved">How many were read and consumed: <paramref name="length"/>, or fewer where the file ends or the result is <see langword="false"/>.</param>
    /// <returns>Whether the buffers were there.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The chain was returned.</exception>
    /// <exception cref="ObjectDisposedException">The file or the memory was disposed.</exception>
    public bool TryReadFrom(SafeFileHandle file, long position, ulong length, out ulong moved)
    {
        ChainState state = State;
        if (length > state.Writer.Remaining || state.Queue.IsClosed)
        {
            moved = 0;
            return false;
        }

        bool succeeded = state.Memory.TryReadFrom(file, position, state.Writer.Next(state.Ranges, length), length, out moved);
        Pass(state, moved, isWritten: true);
        return succeeded;
    }

    private static void Pass(ChainState state, ulong length, bool isWritten)
    {
        if (length != 0)
        {
            state.Passed(length, isWritten);
        }
    }

    private bool TryScatter<[AllValid] T>(T value) where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        Span<byte> copy = size <= 256 ? stackalloc byte[256] : new byte[size];
        SharedBytes.Write(copy[..size], in value);
        return TryCopyFrom(copy[..size]);
    }
}
