using System.Security.Cryptography;

namespace Nub.Virtio;

/// <summary>A virtio entropy device (virtio 1.2, section 5.4): fills what the driver offers with the operating system's random bytes.</summary>
public sealed class EntropyDevice : VirtioDevice
{
    /// <summary>The most bytes that one request gets; of a larger buffer, the rest stays as it is.</summary>
    public const int MaxRequest = 64 * 1024;

    private const int ChunkSize = 1024;

    /// <inheritdoc/>
    public override uint DeviceId => 4;

    /// <inheritdoc/>
    public override int QueueCount => 1;

    /// <inheritdoc/>
    public override int ConfigurationSize => 0;

    /// <inheritdoc/>
    public override uint ConfigurationGeneration => 0;

    /// <inheritdoc/>
    public override void ReadConfiguration(int offset, Span<byte> destination) => destination.Clear();

    /// <inheritdoc/>
    public override void Process(int queueIndex, VirtQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        Span<byte> bytes = stackalloc byte[ChunkSize];
        while (queue.TryTake(out DescriptorChain chain))
        {
            ChainWriter writer = chain.Writable;
            int left = (int)Math.Min(MaxRequest, writer.Remaining);
            while (left != 0)
            {
                Span<byte> part = bytes[..Math.Min(left, ChunkSize)];
                RandomNumberGenerator.Fill(part);
                if (!writer.TryCopyFrom(part))
                {
                    break;
                }

                left -= part.Length;
            }

            queue.Return(chain);
        }
    }
}
