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

    /// <summary>Writes a <see cref="ValidateOnReadAttribute"/> struct if it is legal; padding becomes 0.</summary>
    /// <typeparam name="T">A <see cref="ValidateOnReadAttribute"/> struct.</typeparam>
    /// <param name="destination">Where to write, at least as many bytes as the value has; what follows them is left alone.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ArgumentException">There are fewer bytes than the value has, or the value is not legal. Nothing was written.</exception>
    /// <exception cref="NotAllValidException">No check was generated for <typeparamref name="T"/>, and no analyzer saw it.</exception>
    public static void WriteValidated<[ValidateOnRead] T>(Span<byte> destination, in T value) where T : unmanaged
    {
        ThrowIfTooShort(destination.Length, sizeof(T), nameof(destination));
        T copy = value;
        Validation<T>.Encode(ref copy).CopyTo(destination);
    }

    /// <summary>Reads a <see cref="ValidateOnReadAttribute"/> struct, if its bytes are a legal value.</summary>
    /// <typeparam name="T">A <see cref="ValidateOnReadAttribute"/> struct.</typeparam>
    /// <param name="source">The bytes, at least as many as the value has: a private copy that no other code can change. What follows the value is not looked at.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when the bytes are not legal.</param>
    /// <returns>Whether the bytes are a legal value.</returns>
    /// <exception cref="ArgumentException">There are fewer bytes than the value has.</exception>
    /// <exception cref="NotAllValidException">No check was generated for <typeparamref name="T"/>, and no analyzer saw it.</exception>
    public static bool TryRead<[ValidateOnRead] T>(ReadOnlySpan<byte> source, out T value) where T : unmanaged
    {
        IValidateOnRead<T> validator = Validation<T>.Validator;
        ThrowIfTooShort(source.Length, sizeof(T), nameof(source));
        return validator.TryDecode(source[..sizeof(T)], out value);
    }

    private static void ThrowIfTooShort(int length, int size, string name)
    {
        if (length < size)
        {
            throw new ArgumentException($"A value takes {size} bytes, and the {name} has {length}.", name);
        }
    }
}
