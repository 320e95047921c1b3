using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>AllValid values in private memory, where their bytes stand as they do in shared memory.</summary>
public static unsafe class SharedBytes
{
    /// <summary>Reads a value.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="source">The bytes, at least as many as the value has; what follows them is not looked at.</param>
    /// <returns>The value, in this host's byte order.</returns>
    /// <exception cref="ArgumentException">There are fewer bytes than the value has.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public static T Read<[AllValid] T>(ReadOnlySpan<byte> source) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        ThrowIfTooShort(source.Length, sizeof(T), nameof(source));
        return Representation<T>.Convert(MemoryMarshal.Read<T>(source));
    }

    /// <summary>Writes a value.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="destination">Where to write, at least as many bytes as the value has; what follows them is left alone.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ArgumentException">There are fewer bytes than the value has.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public static void Write<[AllValid] T>(Span<byte> destination, in T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        ThrowIfTooShort(destination.Length, sizeof(T), nameof(destination));
        MemoryMarshal.Write(destination, Representation<T>.Convert(value));
    }

    /// <summary>Reverses the bytes of each of several values that stand one behind the other. Generated code is made of it.</summary>
    /// <param name="values">The bytes of the values.</param>
    /// <param name="size">The size of each in bytes.</param>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    public static void ReverseEach(Span<byte> values, int size)
    {
        for (; values.Length >= size; values = values[size..])
        {
            values[..size].Reverse();
        }
    }

    /// <summary>Refuses too few bytes. Generated code is made of it.</summary>
    /// <param name="length">The number of bytes that are there.</param>
    /// <param name="size">The number of bytes that a value has.</param>
    /// <param name="name">The name of the parameter that they are in.</param>
    /// <exception cref="ArgumentException">There are too few.</exception>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    public static void ThrowIfTooShort(int length, int size, string name)
    {
        if (length < size)
        {
            throw new ArgumentException($"A value takes {size} bytes, and the {name} has {length}.", name);
        }
    }
}
