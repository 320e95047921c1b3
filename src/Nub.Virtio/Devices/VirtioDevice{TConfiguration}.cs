using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>A virtio device with a configuration space.</summary>
/// <typeparam name="TConfiguration">The space as the specification lays it out, as an <c>[AllValid]</c> struct of at most 256 bytes.</typeparam>
public abstract class VirtioDevice<[AllValid] TConfiguration> : VirtioDevice where TConfiguration : unmanaged
{
    private const int MostBytes = 256;

    private readonly Lock _lock = new();
    private readonly byte[] _bytes = new byte[Unsafe.SizeOf<TConfiguration>()];
    private TConfiguration _configuration;
    private uint _generation;

    /// <summary>Creates a device.</summary>
    /// <param name="configuration">The configuration that it begins with.</param>
    /// <exception cref="NotSupportedException">The configuration has more than 256 bytes, the most that every transport carries.</exception>
    protected VirtioDevice(TConfiguration configuration)
    {
        if (_bytes.Length > MostBytes)
        {
            throw new NotSupportedException($"A configuration of {_bytes.Length} bytes; at most {MostBytes} reach a driver by every transport.");
        }

        _configuration = configuration;
        SharedBytes.Write(_bytes, in configuration);
    }

    /// <summary>The configuration. To set it changes the generation, and notifies the driver.</summary>
    public TConfiguration Configuration
    {
        get
        {
            lock (_lock)
            {
                return _configuration;
            }
        }

        protected set
        {
            lock (_lock)
            {
                _configuration = value;
                SharedBytes.Write(_bytes, in value);
                _generation++;
            }

            OnConfigurationChanged();
        }
    }

    /// <inheritdoc/>
    public override int ConfigurationSize => _bytes.Length;

    /// <inheritdoc/>
    public override uint ConfigurationGeneration => Volatile.Read(ref _generation);

    /// <inheritdoc/>
    public override void ReadConfiguration(int offset, Span<byte> destination)
    {
        destination.Clear();
        if (offset >= 0 && offset < _bytes.Length)
        {
            lock (_lock)
            {
                ReadOnlySpan<byte> from = _bytes.AsSpan(offset);
                from[..Math.Min(from.Length, destination.Length)].CopyTo(destination);
            }
        }
    }
}
